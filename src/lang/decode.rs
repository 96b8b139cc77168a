//! Checked nodes to the typed model, with the checks that need several values.
//!
//! A part that is wrong comes to nothing; what is wrong with it was reported.

mod dataset;

pub(super) use dataset::dataset;

#[cfg(test)]
mod tests {
    use crate::schema::{Kind, NodeSpec};

    /// Every key of the schema is read somewhere: what is accepted is not ignored.
    #[test]
    fn every_field_and_child_of_the_schema_is_read() {
        let source = include_str!("decode/dataset.rs");
        fn names(spec: &'static NodeSpec, found: &mut Vec<&'static str>) {
            let variants = spec.variants.iter();
            let properties = variants.clone().flat_map(|v| v.properties);
            found.extend(spec.properties.iter().chain(properties).map(|field| field.name));
            for child in spec.children.iter().chain(variants.flat_map(|v| v.children)) {
                found.push(child.spec.name);
                names(child.spec, found);
            }
        }
        let mut all = Vec::new();
        names(Kind::Dataset.spec(), &mut all);
        // The switches of released layouts are read by their schema.
        let by_schema = [
            "compression",
            "real-video-fake-audio",
            "mixed",
            "identities",
            "validation",
            "frame-labels",
            "domain",
            "reals",
            "unknown",
        ];
        for name in all.into_iter().filter(|name| !by_schema.contains(name)) {
            assert!(source.contains(&format!("\"{name}\"")), "nothing reads `{name}`");
        }
    }
}
