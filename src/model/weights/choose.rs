//! Which tensors of a file a network's parameters are.
//!
//! Training scripts put a network's tensors under keys (`model`, `state_dict`) and wrappers put
//! words before their names (`module.`, `_orig_mod.`), in any order. Whatever stands before the
//! names that the network has is found by the names themselves: the one text before most of
//! them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use super::file::Entry;

/// Words in keys that stand for an average of weights over steps of training.
const AVERAGES: [&str; 6] = ["ema", "teacher", "averaged", "average", "avg", "swa"];
/// What an averaged model of PyTorch's has beside its tensors.
const COUNTER: &str = "n_averaged";

/// A parameter that is looked for.
pub struct Wanted {
    /// Its name, and others that files have for it.
    pub names: Vec<String>,
    /// Its shape, where only that will do.
    pub shape: Option<Vec<usize>>,
}

/// The tensors that were chosen.
#[derive(Debug, Default, PartialEq)]
pub struct Choice {
    /// For each wanted parameter its place among the entries.
    pub found: Vec<Option<usize>>,
    /// What stands before their names, without the last dot.
    pub prefix: String,
    /// Whether they are an average over steps of training.
    pub average: bool,
    /// What stands before other tensors that would fit as well.
    pub others: Vec<String>,
}

/// Why nothing was chosen.
#[derive(Debug, PartialEq)]
pub enum Undecided {
    /// The declared key has no such tensors; these have.
    Key(Vec<String>),
    /// Several fit, and none is an average of another.
    Several(Vec<String>),
}

/// What stands before names, with the parameters found behind it: for each its rank among the
/// names of the parameter, and the entry.
type Found = BTreeMap<String, BTreeMap<usize, (usize, usize)>>;

/// Chooses tensors for the wanted parameters, under `key` if it is given. Where as many are found
/// in several places, an average is taken before what it is an average of, as timm does.
pub fn choose(
    entries: &[Entry],
    wanted: &[Wanted],
    key: Option<&str>,
) -> Result<Choice, Undecided> {
    let found = search(entries, wanted);
    let fits = |(parameter, (_, entry)): (&usize, &(usize, usize))| {
        let shape = wanted[*parameter].shape.as_ref();
        shape.is_none_or(|shape| *shape == entries[*entry].shape)
    };
    let score = |prefix: &str| {
        let of = &found[prefix];
        (of.iter().filter(|found| fits(*found)).count(), of.len())
    };
    let under = |prefix: &str| {
        key.is_none_or(|key| {
            prefix.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    };
    let mut prefixes: Vec<&str> =
        found.keys().map(String::as_str).filter(|prefix| under(prefix)).collect();
    prefixes.sort_by_key(|prefix| Reverse(score(prefix)));
    let Some(best) = prefixes.first().map(|prefix| score(prefix)) else {
        return match key {
            Some(_) => Err(Undecided::Key(places(&found))),
            None => Ok(Choice { found: vec![None; wanted.len()], ..Choice::default() }),
        };
    };
    prefixes.retain(|prefix| score(prefix) == best);
    let averages: Vec<&str> = prefixes.iter().copied().filter(|p| is_average(p)).collect();
    let (prefix, average) = match (prefixes.as_slice(), averages.as_slice()) {
        ([only], _) => (*only, is_average(only)),
        // A few names in common are no network: the file is another one's.
        (all, _) if 2 * best.0 < wanted.len() => (all[0], false),
        (_, [average]) => (*average, true),
        (all, _) => return Err(Undecided::Several(all.iter().map(|p| shown(p)).collect())),
    };
    let of = &found[prefix];
    let dict = of.values().next().map_or("", |(_, entry)| entries[*entry].dict.as_str());
    let counted = entries.iter().any(|e| e.dict == dict && e.name.ends_with(COUNTER));
    let mut around: Vec<&str> = vec![prefix];
    // A head may stand beside the network: `backbone.blocks` and `head`.
    while let Some(last) = around.last().filter(|last| last.len() > dict.len()) {
        around.push(last.rsplit_once('.').map_or("", |(front, _)| front));
    }
    let place = |parameter: usize| {
        around.iter().find_map(|prefix| found.get(*prefix)?.get(&parameter)).map(|found| found.1)
    };
    Ok(Choice {
        found: (0..wanted.len()).map(place).collect(),
        prefix: prefix.to_owned(),
        average: average || counted,
        others: prefixes.iter().filter(|p| **p != prefix).map(|p| shown(p)).collect(),
    })
}

/// All that the wanted names are found behind.
fn search(entries: &[Entry], wanted: &[Wanted]) -> Found {
    let mut names: HashMap<&str, (usize, usize)> = HashMap::new();
    for (parameter, wanted) in wanted.iter().enumerate() {
        for (rank, name) in wanted.names.iter().enumerate() {
            names.entry(name).or_insert((parameter, rank));
        }
    }
    let mut found = Found::new();
    for (place, entry) in entries.iter().enumerate() {
        let full = entry.full();
        let starts = full.match_indices('.').map(|(dot, _)| dot + 1);
        for start in std::iter::once(0).chain(starts) {
            let Some((parameter, rank)) = names.get(&full[start..]) else { continue };
            let prefix = full[..start].trim_end_matches('.').to_owned();
            let of = found.entry(prefix).or_default().entry(*parameter).or_insert((*rank, place));
            if *rank < of.0 {
                *of = (*rank, place);
            }
        }
    }
    found
}

/// Where networks may be, those with most of their tensors first.
fn places(found: &Found) -> Vec<String> {
    let most = found.values().map(BTreeMap::len).max().unwrap_or(0);
    let large = found.iter().filter(|(_, of)| 2 * of.len() >= most);
    large.map(|(prefix, _)| shown(prefix)).collect()
}

fn shown(prefix: &str) -> String {
    if prefix.is_empty() { "the top".to_owned() } else { format!("`{prefix}`") }
}

/// Whether a text before names says that an average follows.
fn is_average(prefix: &str) -> bool {
    prefix.split(['.', '_', '-']).any(|word| AVERAGES.contains(&word.to_lowercase().as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(names: &[&str]) -> Vec<Entry> {
        let entry = |name: &&str| {
            let (dict, name) = name.rsplit_once('/').unwrap_or(("", name));
            Entry { dict: dict.replace('/', "."), name: name.to_owned(), shape: vec![2] }
        };
        names.iter().map(entry).collect()
    }

    fn wanted() -> Vec<Wanted> {
        ["a.weight", "a.bias", "head.weight"]
            .map(|name| Wanted { names: vec![name.to_owned()], shape: Some(vec![2]) })
            .into()
    }

    fn chosen(names: &[&str], key: Option<&str>) -> (String, bool, Vec<Option<usize>>) {
        let choice = choose(&entries(names), &wanted(), key).unwrap();
        (choice.prefix, choice.average, choice.found)
    }

    #[test]
    fn whatever_stands_before_names_is_found() {
        let all = vec![Some(0), Some(1), Some(2)];
        for prefix in ["", "module.", "_orig_mod.module.", "model/", "state/model/net.x.", "0/"] {
            let names = ["a.weight", "a.bias", "head.weight"].map(|n| format!("{prefix}{n}"));
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let plain = prefix.replace('/', ".");
            let found = chosen(&names, None);
            assert_eq!(found, (plain.trim_end_matches('.').to_owned(), false, all.clone()));
        }
    }

    #[test]
    fn a_head_may_stand_beside_its_backbone() {
        let names = ["model.backbone.a.weight", "model.backbone.a.bias", "model.head.weight"];
        assert_eq!(chosen(&names, None).2, [Some(0), Some(1), Some(2)]);
        // But not in another dictionary.
        let names = ["model/backbone.a.weight", "model/backbone.a.bias", "head.weight"];
        assert_eq!(chosen(&names, None).2, [Some(0), Some(1), None]);
    }

    #[test]
    fn averages_come_first_and_keys_decide() {
        let names = ["sd/a.weight", "sd/a.bias", "sd_ema/a.weight", "sd_ema/a.bias"];
        assert_eq!(chosen(&names, None), ("sd_ema".to_owned(), true, vec![Some(2), Some(3), None]));
        let plain = ("sd".to_owned(), false, vec![Some(0), Some(1), None]);
        assert_eq!(chosen(&names, Some("sd")), plain);
        let error = choose(&entries(&names), &wanted(), Some("s")).unwrap_err();
        assert_eq!(error, Undecided::Key(vec!["`sd`".to_owned(), "`sd_ema`".to_owned()]));
        let averaged = ["module.a.weight", "module.a.bias", "n_averaged"];
        assert!(chosen(&averaged, None).1);
    }

    #[test]
    fn of_two_networks_none_is_guessed() {
        let names = ["one/a.weight", "one/a.bias", "two/a.weight", "two/a.bias"];
        let error = choose(&entries(&names), &wanted(), None).unwrap_err();
        assert_eq!(error, Undecided::Several(vec!["`one`".to_owned(), "`two`".to_owned()]));
        // The shapes tell them apart.
        let mut entries = entries(&names);
        entries[0].shape = vec![3];
        assert_eq!(choose(&entries, &wanted(), None).unwrap().prefix, "two");
    }
}
