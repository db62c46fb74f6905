//! `lanthorn report`: one page that needs nothing else, its curves, and a model card.

use crate::support::Folder;

/// What would be fetched, or run.
fn is_self_contained(html: &str) -> bool {
    ["<script", "<link", "src=", "@import", "url(", "http://", "https://"]
        .iter()
        .all(|word| !html.contains(word))
}

/// Every element that is opened is closed.
fn is_balanced(html: &str) -> bool {
    let tags = [
        "section", "table", "thead", "tbody", "tr", "td", "th", "svg", "figure", "div", "dl", "p",
        "pre",
    ];
    tags.iter().all(|tag| {
        let opened =
            html.matches(&format!("<{tag}>")).count() + html.matches(&format!("<{tag} ")).count();
        opened == html.matches(&format!("</{tag}>")).count()
    })
}

fn titles(html: &str) -> Vec<&str> {
    let after = html.split("<h2>").skip(1);
    after.filter_map(|rest| rest.split("</h2>").next()).collect()
}

#[test]
fn a_classifier_has_all_chapters() {
    let folder = Folder::with_loan();
    folder.ok("train loan.yaml -q --out run --report --set fit.threshold=f1");
    let html = folder.read("run/report.html");
    assert!(is_self_contained(&html) && is_balanced(&html));
    assert_eq!(
        titles(&html),
        [
            "Curves",
            "Confusion matrix",
            "Scores by class",
            "ROC and precision-recall",
            "Calibration",
            "Thresholds",
            "Permutation importance",
            "Worst rows",
            "Data",
            "Model",
            "Configuration",
            "Environment",
        ]
    );
    assert!(html.contains("stored in the model") && !html.contains("best by cost"));
    let svg = folder.read("run/curves.svg");
    assert!(svg.contains("xmlns") && svg.contains("validation") && is_balanced(&svg));
    let card = folder.read("run/README.md");
    assert!(
        card.starts_with("---\nlibrary_name: lanthorn\npipeline_tag: tabular-classification\n")
    );
    assert!(card.contains("- type: \"accuracy\"") && card.contains("`age`, `area`"));

    // the rows are those of the file: its line, its cells
    let worst = html.split("<h2>Worst rows</h2>").nth(1).unwrap();
    let row = worst.split("<tr>").nth(2).unwrap();
    let cells: Vec<&str> = row
        .split("<td")
        .skip(1)
        .map(|cell| cell.split('>').nth(1).unwrap().split('<').next().unwrap())
        .collect();
    let line: usize = cells[0].parse().unwrap();
    let table = folder.read("loan.csv");
    let in_file: Vec<&str> = table.lines().nth(line - 1).unwrap().split(',').collect();
    assert_eq!([cells[4], cells[5], cells[1]], [in_file[0], in_file[1], in_file[2]]);

    // the same run, the same bytes; a cost; another place
    folder.ok("report run");
    assert_eq!(folder.read("run/report.html"), html);
    let elsewhere = folder.ok("report run loan.csv --cost fn=5,fp=1 -o -");
    assert!(elsewhere.contains("best by cost (fp 1, fn 5)") && elsewhere.contains("300 rows"));
    for wrong in ["--cost fp=1", "--cost fp=0,fn=0", "--cost fp=1,fn=x", "--cost fp=1,fp=1,fn=2"] {
        assert_eq!(folder.run(&format!("report run {wrong}")).code, 2, "{wrong}");
    }
}

#[test]
fn nothing_of_the_users_is_replaced() {
    let folder = Folder::with_loan();
    folder.ok("train loan.yaml -q --out run --set fit.epochs=1");
    folder.write("run/README.md", "my notes\n");
    let call = folder.run("report run");
    assert!(call.code == 0 && call.stderr.contains("is left as it is"), "{}", call.stderr);
    assert_eq!(folder.read("run/README.md"), "my notes\n");
    let call = folder.run("report run -o run/model.safetensors");
    assert_eq!(call.code, 1, "{}", call.stderr);
    let call = folder.run("report run loan.csv -o loan.csv");
    assert_eq!(call.code, 1, "{}", call.stderr);
    assert_eq!(folder.run("report nothing").code, 1);
}

#[test]
fn a_regression_has_residuals_and_names_are_made_safe() {
    let folder = Folder::new();
    let row =
        |i: i32| format!("{},{},{}\n", f64::from(i) / 10.0, i % 7, f64::from(i * i % 83) + 0.5);
    folder.write("t.csv", &("<b>x</b>,z,y\n".to_string() + &(0..60).map(row).collect::<String>()));
    folder.write(
        "c.yaml",
        "data: {train: t.csv, features: [\"<b>x</b>\", z], target: y}\nmodel: {layers: [{dense: {units: 1}}]}\n\
         compile: {loss: mse}\nfit: {epochs: 2, intervals: 0.8, validation_split: {random: 0.3}}\n",
    );
    folder.ok("train c.yaml -q --out run --report");
    let html = folder.read("run/report.html");
    assert!(is_self_contained(&html) && is_balanced(&html) && !html.contains("<b>x</b>"));
    assert!(titles(&html).starts_with(&[
        "Curves",
        "Residuals",
        "Permutation importance",
        "Worst rows"
    ]));
    assert!(html.contains("The intervals are to hold 0.8"));
    let unsplit =
        folder.read("c.yaml").replace(", intervals: 0.8, validation_split: {random: 0.3}", "");
    folder.write("c.yaml", &unsplit);
    folder.ok("train c.yaml -q --out all --report");
    assert!(
        folder
            .read("all/report.html")
            .contains("the rows that it was trained on, which flatters it")
    );
}
