//! The reference page of the language, written from the schema.

use std::fmt::Write as _;

use super::diagnostic::Code;
use super::explain::explain;
use super::node::Decode;
use super::nodes::clusters::Cluster;
use super::schema::{Child, Field, IMPORT, Kind, NodeSpec, Preset, Times, Type};
use super::value::{measures, time, unit_of, wanted};
use super::vocabulary::DEMO_METHODS;

/// The text of `docs/language.md`.
pub fn reference() -> String {
    let mut page = String::from(INTRODUCTION);
    // Writing to a string does not fail.
    let _ = node(&mut page, &IMPORT, None, 2);
    for kind in Kind::ALL {
        let _ = node(&mut page, kind.spec(), None, 2);
        if kind == Kind::Dataset {
            let _ = demo_methods(&mut page);
        }
    }
    page += CLUSTERS;
    let _ = node(&mut page, Cluster::SPEC, None, 2);
    let _ = codes(&mut page);
    page
}

const INTRODUCTION: &str = r#"<!-- Written by `lang::reference()` from the schema; do not edit.
     Renew: PROOFMARK_UPDATE=1 cargo test --test lang -->

# The language of experiment files

Experiment files are [KDL 2](https://kdl.dev). A file declares data sets, ensembles,
backbones, initial weights, recipes, losses, experiments and tables under names, and imports
the declarations of other files. The order of declarations does not matter, except that
tables, rows, columns and terms appear in the order in which they are written.

```kdl
dataset faces {
    layout folder root="env:FACES" {
        class "real" label=real
        class "stylegan2" label=fake
    }
    split carve train=(%)70 val=(%)15 test=(%)15 seed=0
}

ensemble all { source faces }
backbone vit-s { vit patch=14 width=384 depth=12 heads=6 image=224; drop-path 0.1 }
init scratch { random std=0.02 }
recipe short {
    epochs 10
    batch 32
    adamw lr=1e-4 weight-decay=0.05
    schedule cosine warmup=(epoch)1
    keep lowest=val.loss
}

experiment plain { data all; backbone vit-s; init scratch; recipe short; loss { cross-entropy } }
experiment longer extends=plain { override recipe { epochs 30 } }

table results {
    row plain
    row longer "three times as long"
    scenario "In-distribution" { column faces "Faces" }
    metric auc
}
```

- **Names** are the first argument of a node; one value is a property or an argument; what is
  ordered or repeats is a node of its own. There are no expressions.
- **Units** stand in parentheses in front of a number: `(%)30`, `(epoch)5`. Fractions are 0.3
  or `(%)30`.
- **`/-`** in front of a node, a property or a block switches it off.
- **Paths** are relative to the file that states them; `env:NAME` and `env:NAME/sub/folder`
  begin at an environment variable. Backslashes of Windows are written `/`, or doubled.
- **Nothing is ignored**: an unknown node or key is an error, and every error of all files is
  reported at once. `proofmark explain CODE` tells more about one.
- **`import`** makes the declarations of another file known. Importing a file twice is fine;
  files that import each other are not, nor chains of more than 32. A file has at most 4 MiB.
- **`extends`**: an experiment has everything of the one it extends; a node of its own
  (`data`, `recipe`, ...) replaces the inherited one of that name, and the inherited overrides
  of it. `attribution none` undoes an inherited attribution.
- **`override`** patches what the experiment refers to, for it and those that extend it:
  a property replaces the one of that key, and any that excludes it (`lr` replaces `base-lr`);
  a node is merged with the one of that name (a `source` with the one of that data set, a
  `triplet` among several with the one of that mining) or added.
- **`matrix`** makes an experiment of every combination of some values, and `choose` takes the one
  of them that does best on validation; what extends it has both. `seed 0 1 2` in a row makes it
  the mean over three trainings. Rows may name what is made so: `row "ba[margin=0.3]"`.
- **Scenarios** may promise their data: `scenario "Zero-shot" unseen=#true` is of data sets that
  no row trains on, and a column that breaks the promise is an error. Without `unseen=` a name
  such as "Out-of-distribution" or "In-the-wild" makes it a warning, `unseen=#false` none.
- **Leave-one-data-set-out** is `data NAME without=DATASET` in an experiment for each data set,
  and `scenario "Held out" held-out=#true` with a column for each: a row is shown where it did not
  train, and `–` elsewhere.
- **Tables** are those of the file itself. What is imported is there to be used; a file that
  declares neither a table nor an experiment stands for the tables that it imports.
"#;

const CLUSTERS: &str = r#"
## Clusters files

Where stages are made is declared in a file of its own, by each user: experiments do not name
clusters, and nothing of a cluster is in a key. It is the one that `--clusters` or `PROOFMARK_CLUSTERS`
names, else `proofmark/clusters.kdl` in `$XDG_CONFIG_HOME` or `~/.config`. It declares clusters and
nothing else, may `import` others, and `proofmark check` and `fmt` work on it.

```kdl
cluster uni {
    slurm {
        account "p-1234"
        partition gpu
        option "--reservation=paper"
        setup "module load cuda/13"
    }
    job cpus=4 memory=(GiB)16 time=(hour)4
    job faces shares=64
    job train gpus=1 gpu=h100 cpus=8 memory=(GiB)64 time=(hour)24
    job train experiment=fsfm-ba memory=(GiB)96
    limits array=1000 at-a-time=50
}
cluster box { local { device cuda:0; device cuda:1 } }
```
"#;

fn level(depth: usize) -> String {
    "#".repeat(depth.min(5))
}

fn node(
    page: &mut String,
    spec: &'static NodeSpec,
    child: Option<&Child>,
    depth: usize,
) -> std::fmt::Result {
    let often = child.map_or("", |child| match child.times {
        _ if !child.group.is_empty() => " (one of these)",
        Times::Once => " (required)",
        Times::AtMostOnce => "",
        Times::AnyNumber => " (any number)",
        Times::AtLeastOnce => " (one or more)",
    });
    let arguments: String = spec
        .arguments
        .iter()
        .enumerate()
        .map(|(i, field)| {
            let last = i + 1 == spec.arguments.len();
            let dots = if spec.repeats && last { ".." } else { "" };
            let name = field.name.to_uppercase();
            if field.required { format!(" {name}{dots}") } else { format!(" [{name}{dots}]") }
        })
        .collect();
    writeln!(page, "\n{} `{}{arguments}`{often}\n\n{}", level(depth), spec.name, spec.doc)?;
    let arguments = spec.arguments.iter().map(|field| (field.name.to_uppercase(), field));
    let properties = spec.properties.iter().map(|field| (format!("`{}=`", field.name), field));
    fields(page, arguments.chain(properties))?;
    for child in spec.children {
        node(page, child.spec, Some(child), depth + 1)?;
    }
    for variant in spec.variants {
        writeln!(
            page,
            "\n{} `{} {}`\n\n{}",
            level(depth + 1),
            spec.name,
            variant.word,
            variant.doc
        )?;
        fields(page, variant.properties.iter().map(|field| (format!("`{}=`", field.name), field)))?;
        // An override holds what is described elsewhere.
        if spec.name != "override" {
            for child in variant.children {
                node(page, child.spec, Some(child), depth + 2)?;
            }
        }
    }
    Ok(())
}

fn fields(
    page: &mut String,
    fields: impl Iterator<Item = (String, &'static Field)>,
) -> std::fmt::Result {
    let mut fields = fields.peekable();
    if fields.peek().is_none() {
        return Ok(());
    }
    writeln!(page, "\n| | value | default | |\n|---|---|---|---|")?;
    for (name, field) in fields {
        let value = match field.ty {
            Type::Word(words) | Type::Selection(words) | Type::Tuning(words) => {
                let each = words.iter().map(|(word, doc)| format!("`{word}`: {doc}"));
                each.collect::<Vec<_>>().join("<br>")
            }
            ty if !measures(ty).is_empty() => wanted(ty),
            ty => match unit_of(ty) {
                Some("epoch") => format!("{}; `(epoch)` may be written", wanted(ty)),
                _ => wanted(ty),
            },
        };
        let default = match field.default {
            Some(Preset::Whole(number)) if !measures(field.ty).is_empty() => {
                format!("`{}`", time(number))
            }
            Some(Preset::Whole(number)) => format!("`{number}`"),
            Some(Preset::Number(x)) if x != 0.0 && x < 1e-3 => format!("`{x:e}`"),
            Some(Preset::Number(x)) => format!("`{x}`"),
            Some(Preset::Text(text)) => format!("`{text}`"),
            Some(Preset::Bool(bool)) => format!("`#{bool}`"),
            None if field.required => "required".to_owned(),
            None if !field.group.is_empty() => "one of these".to_owned(),
            None => String::new(),
        };
        writeln!(page, "| {name} | {value} | {default} | {} |", field.doc)?;
    }
    Ok(())
}

fn demo_methods(page: &mut String) -> std::fmt::Result {
    writeln!(page, "\n### Demo methods\n\n| method | family |\n|---|---|")?;
    for (method, family) in DEMO_METHODS {
        writeln!(page, "| `{method}` | `{}` |", family.word())?;
    }
    Ok(())
}

fn codes(page: &mut String) -> std::fmt::Result {
    writeln!(page, "\n## Codes\n")?;
    for &code in Code::ALL {
        writeln!(page, "- `{code}`: {}", explain(code).meaning)?;
    }
    Ok(())
}
