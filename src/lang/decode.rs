//! Checked nodes to the typed model, with the checks that need several values.
//!
//! A part that is wrong comes to nothing; what is wrong with it was reported.

mod dataset;
mod init;
mod table;
mod training;

pub(super) use dataset::dataset;
pub(super) use init::init;
pub(super) use table::table;
pub(super) use training::{attribution, backbone, ensemble, loss, ready, recipe};

#[cfg(test)]
mod tests {
    use proofmark_metrics::Metric;

    use crate::schema::{Field, Kind, NodeSpec, Type};

    /// The text of everything that reads nodes.
    fn source() -> String {
        [
            include_str!("decode/dataset.rs"),
            include_str!("decode/init.rs"),
            include_str!("decode/training.rs"),
            include_str!("decode/table.rs"),
            include_str!("resolve.rs"),
        ]
        .concat()
    }

    /// A word that the schema has and no reader would be taken for another one, or come to nothing.
    #[test]
    fn every_word_of_the_schema_is_read() {
        fn fields(spec: &'static NodeSpec, found: &mut Vec<(&'static str, &'static Field)>) {
            let more = spec.variants.iter().flat_map(|variant| variant.properties);
            // The switches of released layouts are kept as they are written.
            let more = more.filter(|_| spec.name != "layout");
            let all = spec.arguments.iter().chain(spec.properties).chain(more);
            found.extend(all.map(|field| (spec.name, field)));
            let children = spec.variants.iter().flat_map(|variant| variant.children);
            spec.children.iter().chain(children).for_each(|child| fields(child.spec, found));
        }
        let source = source();
        let mut all = Vec::new();
        Kind::ALL.into_iter().for_each(|kind| fields(kind.spec(), &mut all));
        for (node, field) in all {
            let (Type::Word(words) | Type::Selection(words)) = field.ty else { continue };
            // Metrics are read by their list.
            for (word, _) in words.iter().filter(|(word, _)| Metric::of(word).is_none()) {
                let read = source.contains(&format!("\"{word}\""));
                assert!(read, "nothing reads `{word}` as the {} of `{node}`", field.name);
            }
        }
    }

    /// Every key of the schema is read somewhere: what is accepted is not ignored.
    #[test]
    fn every_field_and_child_of_the_schema_is_read() {
        let source = source();
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
        Kind::ALL.into_iter().for_each(|kind| names(kind.spec(), &mut all));
        // The switches of released layouts are read by their schema, the terms of a loss
        // in their order.
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
