//! What other crates can name of a crate, as Rust without bodies, texts and private parts.

use std::collections::BTreeSet;

use syn::{
    Attribute, Field, Fields, File, ImplItem, Item, ItemImpl, ItemMacro, ItemUse, TraitItem, Type,
    Visibility, parse_quote,
};

use super::source::{Leaf, Module, is_public, leaves};

/// Attributes that others notice: what a type can do, how it is laid out and written, when it is there.
const KEPT: [&str; 9] = [
    "cfg",
    "deprecated",
    "derive",
    "must_use",
    "non_exhaustive",
    "repr",
    "schemars",
    "serde",
    "unsafe",
];

/// The public API as formatted Rust, in an order that does not depend on where things stand.
pub fn of(root: &Module) -> String {
    let mut listing = Listing { root, names: BTreeSet::new() };
    let mut items = listing.module(root, &[]);
    let mut macros = Vec::new();
    exported_macros(root, &mut macros);
    let mut impls = Vec::new();
    impls_of(root, &listing.names, &mut impls);
    for rest in [&mut macros, &mut impls] {
        sort(rest);
        items.append(rest);
    }
    prettyplease::unparse(&File { shebang: None, frontmatter: None, attrs: Vec::new(), items })
}

/// Items as texts, for they have no order.
fn text(item: &Item) -> String {
    let items = vec![item.clone()];
    prettyplease::unparse(&File { shebang: None, frontmatter: None, attrs: Vec::new(), items })
}

fn sort(items: &mut Vec<Item>) {
    items.sort_by_cached_key(text);
    items.dedup_by_key(|item| text(item));
}

struct Listing<'a> {
    root: &'a Module,
    /// Types and traits that are listed.
    names: BTreeSet<String>,
}

impl Listing<'_> {
    /// What can be named of a module at `path`.
    fn module(&mut self, module: &Module, path: &[String]) -> Vec<Item> {
        let mut items = Vec::new();
        for item in &module.items {
            match item {
                Item::Use(used) if is_public(&used.vis) => {
                    for leaf in leaves(used) {
                        items.extend(self.used(used, &leaf, module, path));
                    }
                }
                other => items.extend(self.declared(other)),
            }
        }
        sort(&mut items);
        for inner in module.modules.iter().filter(|inner| inner.public) {
            items.push(self.nested(inner, path));
        }
        items
    }

    fn nested(&mut self, inner: &Module, path: &[String]) -> Item {
        let path: Vec<_> = path.iter().cloned().chain([inner.name.clone()]).collect();
        let (name, items) = (ident(&inner.name), self.module(inner, &path));
        parse_quote!(pub mod #name { #(#items)* })
    }

    /// What a `pub use` brings: the item itself if it is of this crate and keeps its name.
    fn used(&mut self, used: &ItemUse, leaf: &Leaf, module: &Module, path: &[String]) -> Vec<Item> {
        let (from, way) = match leaf.path.split_first() {
            Some((first, rest)) if first == "crate" => (self.root, rest),
            Some((first, rest)) if first == "self" => (module, rest),
            _ => (module, leaf.path.as_slice()),
        };
        let Some(name) = &leaf.name else {
            return match from.find(way) {
                Some(found) => self.module(found, path),
                None => vec![as_line(used, leaf)],
            };
        };
        if let Some(found) = from.find(way) {
            return vec![self.nested(found, path)];
        }
        let (last, before) = way.split_last().unwrap();
        let home = from.find(before).filter(|_| last == name);
        let own = home.filter(|_| !before.is_empty());
        let found: Vec<Item> = own
            .into_iter()
            .flat_map(|home| &home.items)
            .filter(|item| item_name(item).as_ref() == Some(name))
            .flat_map(|item| self.declared(item))
            .collect();
        if found.is_empty() { vec![as_line(used, leaf)] } else { found }
    }

    /// An item without what others do not see; none if they do not see it at all.
    fn declared(&mut self, item: &Item) -> Option<Item> {
        let mut item = item.clone();
        let vis = match &mut item {
            Item::Const(item) => keep(&mut item.attrs, &item.vis),
            Item::Fn(function) => {
                function.block = parse_quote!({});
                keep(&mut function.attrs, &function.vis)
            }
            Item::Static(item) => keep(&mut item.attrs, &item.vis),
            Item::Type(item) => keep(&mut item.attrs, &item.vis),
            Item::Union(item) => keep(&mut item.attrs, &item.vis),
            Item::Struct(item) => {
                without_private(&mut item.fields);
                keep(&mut item.attrs, &item.vis)
            }
            Item::Enum(item) => {
                for variant in &mut item.variants {
                    strip(&mut variant.attrs);
                    variant.fields.iter_mut().for_each(|field| strip(&mut field.attrs));
                }
                keep(&mut item.attrs, &item.vis)
            }
            Item::Trait(item) => {
                for part in &mut item.items {
                    match part {
                        TraitItem::Fn(part) => {
                            strip(&mut part.attrs);
                            part.default = part.default.take().map(|_| parse_quote!({}));
                        }
                        TraitItem::Const(part) => strip(&mut part.attrs),
                        TraitItem::Type(part) => strip(&mut part.attrs),
                        _ => {}
                    }
                }
                keep(&mut item.attrs, &item.vis)
            }
            _ => false,
        };
        if !vis {
            return None;
        }
        self.names.extend(item_name(&item));
        Some(item)
    }
}

/// Drops the attributes that do not matter; whether others see what has this visibility.
fn keep(attrs: &mut Vec<Attribute>, vis: &Visibility) -> bool {
    strip(attrs);
    is_public(vis)
}

fn strip(attrs: &mut Vec<Attribute>) {
    attrs.retain(|attr| KEPT.iter().any(|kept| attr.path().is_ident(kept)));
}

fn ident(name: &str) -> syn::Ident {
    syn::Ident::new(name, proc_macro2::Span::call_site())
}

fn item_name(item: &Item) -> Option<String> {
    let ident = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(ident.to_string())
}

/// `pub use PATH as NAME;`, with nothing else that the same statement brings.
fn as_line(used: &ItemUse, leaf: &Leaf) -> Item {
    let path: Vec<_> = leaf.path.iter().map(|part| ident(part)).collect();
    let mut line: ItemUse = match &leaf.name {
        None => parse_quote!(pub use #(#path)::*::*;),
        Some(name) if leaf.path.last() == Some(name) => parse_quote!(pub use #(#path)::*;),
        Some(name) => {
            let name = ident(name);
            parse_quote!(pub use #(#path)::* as #name;)
        }
    };
    line.attrs = used.attrs.clone();
    strip(&mut line.attrs);
    Item::Use(line)
}

/// One field stands for all private ones: that there are some decides who can build and match it.
fn without_private(fields: &mut Fields) {
    let had = fields.iter().any(|field| !is_public(&field.vis));
    match fields {
        Fields::Named(named) => {
            let public = named.named.iter().filter(|field| is_public(&field.vis)).cloned();
            let private: Field = parse_quote!(private: _);
            named.named = public.chain(had.then_some(private)).collect();
        }
        Fields::Unnamed(unnamed) => {
            let places = unnamed.unnamed.iter_mut().filter(|field| !is_public(&field.vis));
            places.for_each(|field| field.ty = parse_quote!(_));
        }
        _ => {}
    }
    fields.iter_mut().for_each(|field| strip(&mut field.attrs));
}

/// The patterns of macros that are exported: what stands before each `=>`.
fn exported_macros(module: &Module, found: &mut Vec<Item>) {
    for item in &module.items {
        if let Item::Macro(ItemMacro { attrs, ident: Some(name), mac, .. }) = item
            && attrs.iter().any(|attr| attr.path().is_ident("macro_export"))
        {
            let tokens: Vec<_> = mac.tokens.clone().into_iter().collect();
            let arms = tokens.windows(2).filter(|pair| pair[1].to_string() == "=");
            let arms = arms.map(|pair| &pair[0]);
            found.push(parse_quote!(macro_rules! #name { #(#arms => {};)* }));
        }
    }
    module.modules.iter().for_each(|inner| exported_macros(inner, found));
}

/// Implementations for types that are listed, or of such traits.
fn impls_of(module: &Module, names: &BTreeSet<String>, found: &mut Vec<Item>) {
    for item in &module.items {
        if let Item::Impl(item) = item {
            found.extend(visible_impl(item, names).map(Item::Impl));
        }
    }
    module.modules.iter().for_each(|inner| impls_of(inner, names, found));
}

fn visible_impl(item: &ItemImpl, names: &BTreeSet<String>) -> Option<ItemImpl> {
    let mut item = item.clone();
    strip(&mut item.attrs);
    let listed = self_name(&item.self_ty).is_some_and(|name| names.contains(&name));
    let generic = |name: &String| item.generics.type_params().any(|param| param.ident == name);
    let for_all = self_name(&item.self_ty).as_ref().is_some_and(generic);
    if let Some((of, _)) = &item.trait_ {
        let of = of.segments.last()?.ident.to_string();
        if !(listed || for_all && names.contains(&of)) {
            return None;
        }
        item.items.retain(|part| matches!(part, ImplItem::Type(_)));
        return Some(item);
    }
    item.items.retain_mut(|part| match part {
        ImplItem::Fn(part) => {
            part.block = parse_quote!({});
            keep(&mut part.attrs, &part.vis)
        }
        ImplItem::Const(part) => keep(&mut part.attrs, &part.vis),
        _ => false,
    });
    item.items.sort_by_cached_key(|part| match part {
        ImplItem::Fn(part) => part.sig.ident.to_string(),
        _ => String::new(),
    });
    (listed && !item.items.is_empty()).then_some(item)
}

fn self_name(of: &Type) -> Option<String> {
    match of {
        Type::Path(path) => path.path.segments.last().map(|last| last.ident.to_string()),
        Type::Reference(reference) => self_name(&reference.elem),
        _ => None,
    }
}
