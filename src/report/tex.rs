//! Text of others in LaTeX: what is set by pdfLaTeX with its own fonts as it is, all else by
//! commands or by numbers, so that every table compiles.

use proofmark_text::show::prose;

/// How characters are written that are commands, or that pdfLaTeX has in formulas alone.
const COMMANDS: [(char, &str); 19] = [
    ('~', "\\textasciitilde{}"),
    ('^', "\\textasciicircum{}"),
    ('\\', "\\textbackslash{}"),
    ('<', "\\textless{}"),
    ('>', "\\textgreater{}"),
    ('|', "\\textbar{}"),
    // Only some font encodings have a command for it.
    ('"', "\\char34{}"),
    ('†', "\\textsuperscript{\\dag}"),
    ('±', "\\ensuremath{\\pm}"),
    ('×', "\\ensuremath{\\times}"),
    ('÷', "\\ensuremath{\\div}"),
    ('·', "\\ensuremath{\\cdot}"),
    ('−', "\\ensuremath{-}"),
    ('≤', "\\ensuremath{\\leq}"),
    ('≥', "\\ensuremath{\\geq}"),
    ('≈', "\\ensuremath{\\approx}"),
    ('∞', "\\ensuremath{\\infty}"),
    ('→', "\\ensuremath{\\rightarrow}"),
    ('µ', "\\ensuremath{\\mu}"),
];

/// Greek letters that differ from Latin ones, with their commands in formulas.
const GREEK: [(char, &str); 34] = [
    ('α', "alpha"),
    ('β', "beta"),
    ('γ', "gamma"),
    ('δ', "delta"),
    ('ε', "varepsilon"),
    ('ζ', "zeta"),
    ('η', "eta"),
    ('θ', "theta"),
    ('ι', "iota"),
    ('κ', "kappa"),
    ('λ', "lambda"),
    ('μ', "mu"),
    ('ν', "nu"),
    ('ξ', "xi"),
    ('π', "pi"),
    ('ρ', "rho"),
    ('ς', "varsigma"),
    ('σ', "sigma"),
    ('τ', "tau"),
    ('υ', "upsilon"),
    ('φ', "varphi"),
    ('χ', "chi"),
    ('ψ', "psi"),
    ('ω', "omega"),
    ('Γ', "Gamma"),
    ('Δ', "Delta"),
    ('Θ', "Theta"),
    ('Λ', "Lambda"),
    ('Ξ', "Xi"),
    ('Π', "Pi"),
    ('Σ', "Sigma"),
    ('Φ', "Phi"),
    ('Ψ', "Psi"),
    ('Ω', "Omega"),
];

/// What shows a letter that pdfLaTeX lacks, with a way to have it set.
const LETTER: &str = r##"% Letters that pdfLaTeX lacks are shown by their numbers. XeLaTeX and LuaLaTeX set them, in a font
% that has them, with this before the table: \newcommand{\ProofmarkLetter}[1]{\symbol{"#1}}
\providecommand{\ProofmarkLetter}[1]{\textless{}U+#1\textgreater{}}
"##;

/// Whether pdfLaTeX sets a character in its first font encoding without more packages. Tried with
/// each one of the letters and signs up to U+2FFF in TeX Live 2022.
fn is_set(c: char) -> bool {
    matches!(c,
        ' '..='~' | '¡' | '£' | '§' | '©' | '®' | '°' | '¶' | '¿'
        | 'À'..='Ï' | 'Ñ'..='Ö' | 'Ø'..='Ý' | 'ß'..='ï' | 'ñ'..='ö' | 'ø'..='ý' | 'ÿ'
        | 'Ā'..='ă' | 'Ć'..='ď' | 'Ē'..='ė' | 'Ě'..='ģ' | 'Ĥ' | 'ĥ' | 'Ĩ'..='ĭ' | 'İ' | 'ı'
        | 'Ĵ'..='ķ' | 'Ĺ'..='ľ' | 'Ł'..='ň' | 'Ō'..='ť' | 'Ũ'..='ű' | 'Ŵ'..='ž'
        | 'Ș'..='ț' | '–' | '—' | '‘' | '’' | '“' | '”' | '•' | '…' | '€' | '™')
}

/// Most characters of a text: of far longer ones TeX has no memory left.
const LONGEST: usize = 10_000;

/// Text in which no character is a command.
pub(super) fn escape(text: &str) -> String {
    let text = match text.char_indices().nth(LONGEST) {
        None => prose(text),
        Some((end, _)) => {
            let of = text.chars().count();
            format!("{}… ({of} characters)", prose(&text[..end])).into()
        }
    };
    let mut out = String::with_capacity(text.len());
    for (i, c) in text.chars().enumerate() {
        let command = COMMANDS.iter().find(|(known, _)| *known == c);
        let greek = GREEK.iter().find(|(known, _)| *known == c);
        match (c, command, greek) {
            ('&' | '%' | '$' | '#' | '_' | '{' | '}', ..) => {
                out.push('\\');
                out.push(c);
            }
            // After the end of a row they would belong to it.
            ('[' | '*', ..) if i == 0 => out += &format!("{{{c}}}"),
            (_, Some((_, command)), _) => out += command,
            (_, None, Some((_, name))) => out += &format!("\\ensuremath{{\\{name}}}"),
            _ if is_set(c) => out.push(c),
            _ if c.is_whitespace() => out.push(' '),
            _ => out += &format!("\\ProofmarkLetter{{{:04X}}}", u32::from(c)),
        }
    }
    out
}

/// A preamble and what follows it, with the definition of what that needs.
pub(super) fn with_letters(preamble: &str, body: &str) -> String {
    let letters = if body.contains("\\ProofmarkLetter") { LETTER } else { "" };
    [preamble, letters, body].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_label_is_a_command() {
        assert_eq!(
            escape(r"50% & $x_1 \# {~}"),
            r"50\% \& \$x\_1 \textbackslash{}\# \{\textasciitilde{}\}"
        );
        assert_eq!(escape("\"a\""), r"\char34{}a\char34{}");
        // `\\[x]` and `\\*` are other ends of a row.
        assert_eq!(escape("[x] [y]"), "{[}x] [y]");
        assert_eq!(escape("*x*"), "{*}x*");
    }

    #[test]
    fn what_pdflatex_lacks_is_shown_by_its_number() {
        for (text, written) in [
            ("Müller, Łódź, Čapek, naïve", "Müller, Łódź, Čapek, naïve"),
            ("τ ≥ 0.5", "\\ensuremath{\\tau} \\ensuremath{\\geq} 0.5"),
            ("深度", "\\ProofmarkLetter{6DF1}\\ProofmarkLetter{5EA6}"),
            ("😀", "\\ProofmarkLetter{1F600}"),
            (
                "Þór «x»",
                "\\ProofmarkLetter{00DE}ór \\ProofmarkLetter{00AB}x\\ProofmarkLetter{00BB}",
            ),
            ("a\u{a0}b\u{3000}c\nd", "a b c d"),
            ("e\u{301}", "e\\ProofmarkLetter{0301}"),
        ] {
            assert_eq!(escape(text), written);
        }
        // Nobody wants these set.
        for hidden in ['\u{1b}', '\u{85}', '\u{2028}', '\u{200b}', '\u{200e}', '\u{202e}'] {
            let number = format!("\\textless{{}}U+{:04X}\\textgreater{{}}", u32::from(hidden));
            assert_eq!(escape(&format!("a{hidden}b")), format!("a{number}b"));
        }
    }

    #[test]
    fn what_would_exhaust_tex_is_cut() {
        let written = escape(&"a".repeat(1_000_000));
        assert!(written.ends_with("aa… (1000000 characters)") && written.len() < 10_100);
    }

    #[test]
    fn whatever_a_label_is_only_what_is_set_is_written() {
        let all = (0..=0x1_ffff).filter_map(char::from_u32);
        let written: String = all.map(|c| escape(&format!("x{c}"))).collect();
        assert!(written.chars().all(is_set));
        assert!(with_letters("", &written).starts_with("% Letters"));
        assert_eq!(with_letters("a\n", "b"), "a\nb");
    }
}
