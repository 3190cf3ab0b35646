//! Just enough Markdown: fenced blocks, and the comment on the line before each.

/// A fenced block.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// The page.
    pub page: String,
    /// Of the opening fence, from 1.
    pub line: usize,
    /// What follows the fence.
    pub info: String,
    /// `<!-- from FILE -->` on the line before.
    pub from: Option<String>,
    /// `<!-- is NAME -->` on the line before.
    pub is: Option<String>,
    /// Without what indents the fence.
    pub text: String,
}

impl Block {
    pub fn language(&self) -> &str {
        self.info.split(',').next().unwrap_or_default()
    }

    pub fn place(&self) -> String {
        format!("docs/plugins/{}:{}", self.page, self.line)
    }
}

/// All fenced blocks of a page. A fence that is never closed takes the rest.
pub fn blocks(page: &str, text: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut before = "";
    let mut lines = text.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        let indent = line.len() - line.trim_start().len();
        let Some(info) = line.trim_start().strip_prefix("```") else {
            before = line.trim();
            continue;
        };
        let mut text = String::new();
        for (_, line) in lines.by_ref() {
            if line.trim_start().starts_with("```") {
                break;
            }
            let own = line.len() - line.trim_start().len();
            text.push_str(&line[indent.min(own)..]);
            text.push('\n');
        }
        found.push(Block {
            page: page.to_owned(),
            line: at + 1,
            info: info.trim().to_owned(),
            from: comment(before, "from"),
            is: comment(before, "is"),
            text,
        });
        before = "";
    }
    found
}

/// The page without its fenced blocks and inline code: what links and headings are looked for in.
pub fn prose(text: &str) -> String {
    let mut kept = String::new();
    let mut fenced = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            let outside = line.split('`').step_by(2);
            kept.push_str(&outside.collect::<Vec<_>>().join("`"));
        }
        kept.push('\n');
    }
    kept
}

fn comment(line: &str, word: &str) -> Option<String> {
    let inner = line.strip_prefix("<!--")?.strip_suffix("-->")?.trim();
    Some(inner.strip_prefix(word)?.strip_prefix(' ')?.trim().to_owned())
}

#[test]
fn blocks_are_found_with_their_comments() {
    let page = "x\n<!-- from a/b.rs -->\n```rust,ignore\nfn a() {}\n```\n\n- y\n\n  ```sh\n  ls\n    x\n  ```\n";
    let found = blocks("p.md", page);
    let told: Vec<_> =
        found.iter().map(|b| (b.line, b.language(), b.from.as_deref(), b.text.as_str())).collect();
    assert_eq!(told, [(3, "rust", Some("a/b.rs"), "fn a() {}\n"), (9, "sh", None, "ls\n  x\n")]);
    assert_eq!(
        blocks("p.md", "```\na"),
        [Block {
            page: "p.md".into(),
            line: 1,
            info: String::new(),
            from: None,
            is: None,
            text: "a\n".into()
        }]
    );
    assert_eq!(prose("a `[x](y)` b\n```text\n[x](y)\n```\n"), "a ` b\n\n\n\n");
}
