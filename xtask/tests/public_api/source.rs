//! A crate's modules, from its files.

use std::path::Path;

use syn::{Attribute, Item, ItemUse, UseTree, Visibility};

/// A module with all that it contains.
pub struct Module {
    pub name: String,
    pub public: bool,
    /// All but modules, and without what is there for tests only.
    pub items: Vec<Item>,
    pub modules: Vec<Module>,
}

/// One name that a `use` brings.
pub struct Leaf {
    pub path: Vec<String>,
    /// The name that it has here; `None` stands for `*`.
    pub name: Option<String>,
}

impl Module {
    /// The crate with this root file.
    pub fn read(file: &Path) -> Self {
        let folder = file.parent().unwrap();
        Self::parse("crate", true, items_of(file), folder)
    }

    /// `folder` is where the files of its modules stand.
    fn parse(name: &str, public: bool, all: Vec<Item>, folder: &Path) -> Self {
        let mut module = Self { name: name.into(), public, items: Vec::new(), modules: Vec::new() };
        for item in all {
            match item {
                Item::Mod(inner) if is_test(&inner.attrs) => {}
                Item::Mod(inner) => {
                    let name = inner.ident.to_string();
                    let own = folder.join(&name);
                    let items = match inner.content {
                        Some((_, items)) => items,
                        None => {
                            let beside = folder.join(format!("{name}.rs"));
                            let file = if beside.is_file() { beside } else { own.join("mod.rs") };
                            items_of(&file)
                        }
                    };
                    let public = is_public(&inner.vis);
                    module.modules.push(Self::parse(&name, public, items, &own));
                }
                other => module.items.push(other),
            }
        }
        module
    }

    /// The module that a path from here leads to, if it is of this crate.
    pub fn find(&self, path: &[String]) -> Option<&Self> {
        match path {
            [] => Some(self),
            [first, rest @ ..] => {
                self.modules.iter().find(|module| module.name == *first)?.find(rest)
            }
        }
    }
}

fn items_of(file: &Path) -> Vec<Item> {
    let text = std::fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    syn::parse_file(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display())).items
}

pub fn is_public(vis: &Visibility) -> bool {
    matches!(vis, Visibility::Public(_))
}

/// Whether it has `#[cfg(test)]`.
fn is_test(attrs: &[Attribute]) -> bool {
    attrs.iter().any(|attr| {
        attr.path().is_ident("cfg")
            && attr.parse_args::<syn::Ident>().is_ok_and(|what| what == "test")
    })
}

/// Every name that a `use` brings.
pub fn leaves(item: &ItemUse) -> Vec<Leaf> {
    let mut all = Vec::new();
    collect(&item.tree, &mut Vec::new(), &mut all);
    all
}

fn collect(tree: &UseTree, before: &mut Vec<String>, all: &mut Vec<Leaf>) {
    match tree {
        UseTree::Path(path) => {
            before.push(path.ident.to_string());
            collect(&path.tree, before, all);
            before.pop();
        }
        UseTree::Name(name) => {
            let name = name.ident.to_string();
            let path = before.iter().cloned().chain([name.clone()]).collect();
            all.push(Leaf { path, name: Some(name) });
        }
        UseTree::Rename(rename) => {
            let path = before.iter().cloned().chain([rename.ident.to_string()]).collect();
            all.push(Leaf { path, name: Some(rename.rename.to_string()) });
        }
        UseTree::Glob(_) => all.push(Leaf { path: before.clone(), name: None }),
        UseTree::Group(group) => group.items.iter().for_each(|tree| collect(tree, before, all)),
    }
}
