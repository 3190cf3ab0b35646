//! `--project SLUG`.

use serde::Deserialize;
use uuid::Uuid;

use super::{
    client::Client,
    fault::{Fault, Kind, Result},
};

#[derive(Deserialize)]
struct Projects {
    items: Vec<Project>,
}

#[derive(Deserialize)]
struct Project {
    id: Uuid,
    slug: String,
}

/// The id of a project by its slug or id; without either, of the only one that there is to see.
pub async fn id(client: &Client, given: Option<&str>) -> Result<Uuid> {
    // A token that only asks for runs may not list projects.
    if let Some(id) = given.and_then(|given| given.parse().ok()) {
        return Ok(id);
    }
    let Projects { items } = client.get("/projects", &[]).await?;
    let slugs = || items.iter().map(|project| project.slug.as_str()).collect::<Vec<_>>().join(", ");
    match (given, items.as_slice()) {
        (_, []) => Err(Fault::new(Kind::NotFound, "there is no project that you may see")),
        (None, [only]) => Ok(only.id),
        (None, _) => Err(Fault::new(Kind::Usage, "--project SLUG is missing")
            .help(format!("there is: {}", slugs()))),
        (Some(given), items) => {
            let found = items
                .iter()
                .find(|project| project.slug == given || project.id.to_string() == given);
            found.map(|project| project.id).ok_or_else(|| {
                Fault::new(Kind::NotFound, format!("there is no project `{given}`"))
                    .help(format!("there is: {}", slugs()))
            })
        }
    }
}
