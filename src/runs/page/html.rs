//! Pieces of HTML: text made safe, tables, sections.

/// Text as HTML.
pub(super) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe += "&amp;",
            '<' => safe += "&lt;",
            '>' => safe += "&gt;",
            '"' => safe += "&quot;",
            '\'' => safe += "&#39;",
            c if c.is_control() && c != '\n' && c != '\t' => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}

/// A part of the page under a heading, to which the list at the top leads.
pub(super) struct Chapter {
    /// The heading.
    pub title: &'static str,
    /// The HTML below it.
    pub body: String,
}

impl Chapter {
    /// `#worst-rows`, without the sign.
    pub(super) fn id(&self) -> String {
        self.title.to_lowercase().replace(' ', "-")
    }

    pub(super) fn html(&self) -> String {
        format!(
            "<section id=\"{}\">\n<h2>{}</h2>\n{}</section>\n",
            self.id(),
            self.title,
            self.body
        )
    }
}

/// A table; `texts` columns from the left are text, the others numbers, unless one has words.
pub(super) fn table(names: &[&str], texts: usize, rows: &[Vec<String>]) -> String {
    let is_text = |cell: &String| cell.starts_with(char::is_alphabetic) && cell != "nan";
    let is_left = |column: usize| {
        column < texts || rows.iter().filter_map(|row| row.get(column)).any(is_text)
    };
    let left: Vec<bool> = (0..names.len()).map(is_left).collect();
    let class = |column: usize| if left[column] { "" } else { " class=\"n\"" };
    let mut html = String::from("<div class=\"scroll\"><table>\n<thead><tr>");
    for (column, name) in names.iter().enumerate() {
        html += &format!("<th{}>{}</th>", class(column), escape(name));
    }
    html += "</tr></thead>\n<tbody>\n";
    for row in rows {
        html += "<tr>";
        for (column, cell) in row.iter().enumerate() {
            html += &format!("<td{}>{}</td>", class(column), escape(cell));
        }
        html += "</tr>\n";
    }
    html + "</tbody></table></div>\n"
}

/// A paragraph of plain text.
pub(super) fn paragraph(text: &str) -> String {
    format!("<p>{}</p>\n", escape(text))
}

/// Charts side by side where there is room.
pub(super) fn figures(charts: &[String]) -> String {
    let figures = charts.iter().map(|chart| format!("<figure>{chart}</figure>\n"));
    format!("<div class=\"figures\">\n{}</div>\n", figures.collect::<String>())
}

/// A number with about four digits that matter.
pub(super) fn number(value: f64) -> String {
    if !value.is_finite() {
        return if value.is_nan() {
            "nan"
        } else if value > 0.0 {
            "∞"
        } else {
            "-∞"
        }
        .to_string();
    }
    let size = value.abs();
    if size != 0.0 && !(1e-3..1e7).contains(&size) {
        return format!("{value:.2e}");
    }
    let decimals = match size {
        s if s >= 1000.0 => 0,
        s if s >= 100.0 => 1,
        s if s >= 10.0 => 2,
        s if s >= 1.0 => 3,
        _ => 4,
    };
    let text = format!("{value:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_string()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_table_becomes_markup() {
        assert_eq!(
            escape("<b a='1' & \"c\">\u{7}"),
            "&lt;b a=&#39;1&#39; &amp; &quot;c&quot;&gt;\u{fffd}"
        );
        let html = table(&["<x>"], 1, &[vec!["<script>".to_string()]]);
        assert!(html.contains("&lt;script&gt;") && !html.contains("<script"));
    }

    #[test]
    fn numbers_are_short() {
        let cases =
            [(0.0, "0"), (0.94321, "0.9432"), (12.5, "12.5"), (1234.5, "1234"), (1e-9, "1.00e-9")];
        for (value, text) in cases {
            assert_eq!(number(value), text);
        }
        assert_eq!([number(f64::NAN), number(f64::INFINITY)], ["nan", "∞"]);
    }
}
