//! Pictures: a folder of them as a table, from the draft to the report.

use std::path::Path;

use crate::support::{Call, Folder, project};

const CONFIG: &str = "\
name: lights
seed: 7
data:
  train: pics
  features:
    - {column: path, image: {size: [24, 24]}}
  target: {column: class, encode: label}
model:
  layers:
    - conv2d: {filters: 4, kernel_size: 3, strides: 2, activation: relu}
    - flatten
    - dense: {units: 1, activation: sigmoid}
compile: {optimizer: {adam: {learning_rate: 0.003}}, loss: binary_crossentropy, metrics: [accuracy]}
fit: {batch_size: 8, epochs: 3, validation_split: {stratified: 0.25}}
";

/// Forty pictures of the example in `pics`, and a configuration.
fn lights() -> Folder {
    let folder = Folder::new();
    copy(&folder, "pics");
    folder.write("c.yaml", CONFIG);
    folder
}

fn copy(folder: &Folder, to: &str) {
    for class in ["candle", "lantern"] {
        let from = project("examples/data/lights").join(class);
        let mut files: Vec<_> =
            std::fs::read_dir(&from).unwrap().map(|f| f.unwrap().path()).collect();
        files.sort();
        for file in files.iter().take(20) {
            let name = file.file_name().unwrap().to_str().unwrap();
            let bytes = std::fs::read(file).unwrap();
            folder.write_bytes(&format!("{to}/{class}/{name}"), &bytes);
        }
    }
}

fn said(call: &Call) -> String {
    call.stderr.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_folder_for_each_class_is_trained_evaluated_and_predicted() {
    let folder = lights();
    let check = folder.ok("check c.yaml");
    for words in
        ["candle (15), lantern (15)", "24 x 24 x 3", "of memory", "input (None, 24, 24, 3)"]
    {
        assert!(check.contains(words), "{words}\n{check}");
    }
    let data = folder.ok("data c.yaml");
    assert!(data.contains("30 pictures of (36 to") && data.contains("24 x 24 x 3"), "{data}");
    let call = folder.run("train c.yaml -o run");
    assert!(call.code == 0 && !call.stderr.contains("warning"), "{}", call.stderr);
    assert!(call.stderr.contains("next: lanthorn predict run FOLDER"), "{}", call.stderr);
    assert!(folder.ok("evaluate run").contains("rows: 10"));
    assert!(folder.ok("evaluate run pics").contains("rows: 40"));
    let table = folder.ok("predict run pics");
    let rows: Vec<&str> = table.lines().collect();
    assert_eq!((rows[0], rows.len()), ("path,class,prediction,p_candle,p_lantern", 41));
    assert!(rows[1].starts_with("candle/000.png,candle,"), "{}", rows[1]);
    // the same pictures in no class folders
    let bytes = folder.read_bytes("pics/candle/000.png");
    folder.write_bytes("new/000.png", &bytes);
    let flat = folder.ok("predict run new");
    let row = rows[1].replace("candle/000.png,candle,", "000.png,");
    assert_eq!(flat, format!("path,prediction,p_candle,p_lantern\n{row}\n"));
    let json: serde_json::Value =
        serde_json::from_str(&folder.ok("predict run new --json")).unwrap();
    assert_eq!(json["predictions"][0]["columns"]["path"], "000.png");
    // and by a table of paths, which begin in its folder
    folder.write("tables/t.csv", "path\n../new/000.png\n");
    let by_table = folder.ok("predict run tables/t.csv --keep-columns");
    assert_eq!(by_table.lines().nth(1).unwrap(), row.replace("000.png,", "../new/000.png,"));
    folder.ok("report run -o r.html");
    let page = folder.read("r.html");
    assert!(page.contains("Worst rows") && page.contains("lantern/0"), "no worst rows by path");
    folder.ok("data c.yaml -o seen.npz");
}

#[test]
fn bytes_are_the_same_at_any_number_of_threads_resumed_and_moved() {
    let folder = lights();
    for threads in ["1", "2"] {
        folder.ok(&format!("train c.yaml -o run{threads} --threads {threads} -q"));
    }
    let whole = folder.read_bytes("run1/model.safetensors");
    assert!(folder.read_bytes("run2/model.safetensors") == whole);
    folder.ok("train c.yaml -o begun -q --set fit.epochs=2");
    folder.ok("train --resume begun -q --set fit.epochs=3");
    assert!(folder.read_bytes("begun/model.safetensors") == whole);
    // the folder goes elsewhere: the same data
    std::fs::rename(folder.path("pics"), folder.path("elsewhere")).unwrap();
    folder.write("c.yaml", &CONFIG.replace("train: pics", "train: elsewhere"));
    folder.ok("train c.yaml -o moved -q");
    assert!(folder.read_bytes("moved/checkpoint.safetensors").len() > 1000);
    // another picture: other data
    folder.ok("train c.yaml -o changed -q --set fit.epochs=2");
    let other = folder.read_bytes("elsewhere/lantern/001.jpg");
    folder.write_bytes("elsewhere/candle/001.jpg", &other);
    let call = folder.run("train --resume changed -q --set fit.epochs=3");
    assert!(call.code == 1 && said(&call).contains("data"), "{}", call.stderr);
}

#[test]
fn pictures_that_cannot_be_used_are_told_at_once_by_their_paths() {
    let folder = lights();
    folder.ok("train c.yaml -o run -q");
    let jpeg = folder.read_bytes("pics/candle/001.jpg");
    let png = folder.read_bytes("pics/candle/000.png");
    folder.write_bytes("pics/candle/cut.jpg", &jpeg[..jpeg.len() / 2]);
    folder.write_bytes("pics/candle/cut.png", &png[..png.len() / 2]);
    folder.write("pics/candle/empty.png", "");
    folder.write_bytes("pics/lantern/wrong.jpg", &png);
    folder.write("pics/lantern/page.jpeg", "<html></html>");
    for verb in ["check c.yaml", "train c.yaml -o other", "predict run pics", "evaluate run pics"] {
        let call = folder.run(verb);
        let said = said(&call);
        assert_eq!(call.code, 1, "{verb}: {}", call.stderr);
        for words in [
            "pics/candle/cut.jpg: the JPEG picture is cut",
            "pics/candle/cut.png: the PNG picture is",
            "pics/candle/empty.png: the file is empty",
            "pics/lantern/wrong.jpg: it is a PNG picture, but its name says JPEG",
            "pics/lantern/page.jpeg: it is not a picture",
        ] {
            assert!(said.contains(words), "{verb}: {words}\n{}", call.stderr);
        }
    }
    assert!(!folder.path("other").exists());
    // left out where the configuration says so
    folder.write("drop.yaml", &CONFIG.replace("[24, 24]}", "[24, 24]}, missing: drop_row"));
    let call = folder.run("train drop.yaml -o dropped");
    assert_eq!(call.code, 0, "{}", call.stderr);
    let told = said(&call);
    assert!(told.contains("5 of 45 pictures can't be used"), "{}", call.stderr);
    assert!(told.contains("pics/candle/empty.png: the file is empty"), "{}", call.stderr);
    assert!(told.contains("training on 30 samples, validating on 10"), "{}", call.stderr);
    assert!(folder.ok("evaluate dropped pics").contains("rows: 40"));
    assert_eq!(folder.run("predict dropped pics").code, 1);
    let call = folder.run("predict run pics --on-error skip");
    assert_eq!((call.code, call.stdout.lines().count()), (0, 41), "{}", call.stderr);
    assert!(said(&call).contains("5 rows were skipped"), "{}", call.stderr);
    assert!(folder.ok("evaluate run pics --on-error skip").contains("rows: 40"));
}

#[test]
fn what_is_no_picture_is_left_out_as_keras_does_and_told() {
    let folder = lights();
    let jpeg = folder.read_bytes("pics/lantern/001.jpg");
    folder.write("pics/readme.txt", "words");
    folder.write("pics/candle/.hidden.jpg", "no picture");
    folder.write_bytes("pics/lantern/more/deep.jpg", &jpeg);
    folder.write_bytes("pics/stray.jpg", &jpeg);
    std::fs::create_dir(folder.path("pics/nothing")).unwrap();
    let call = folder.run("check c.yaml");
    let said = said(&call);
    assert_eq!(call.code, 0, "{}", call.stderr);
    for words in [
        "files that are no pictures: 1 .txt",
        "hidden files: 1",
        "class folders without pictures: nothing",
        "pictures in no class folder: 1",
    ] {
        assert!(said.contains(words), "{words}\n{}", call.stderr);
    }
    assert!(call.stdout.contains("30 rows to train on, 11 to validate on"), "{}", call.stdout);
    folder.ok("train c.yaml -o run -q");
    let predicted = folder.ok("predict run pics");
    assert_eq!(predicted.lines().count(), 43); // the stray one too
    assert!(predicted.contains("lantern/more/deep.jpg,lantern,"), "{predicted}");
    // a name that is no text is one nevertheless
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::ffi::OsStrExt;
        let name = std::ffi::OsStr::from_bytes(b"caf\xe9.jpg");
        std::fs::write(folder.path("pics/candle").join(name), &jpeg).unwrap();
        let predicted = folder.ok("predict run pics");
        assert!(predicted.contains("file:candle/caf%E9.jpg,candle,"), "{predicted}");
    }
    // no classes, no pictures, no folder
    folder.write_bytes("flat/a.jpg", &jpeg);
    folder.write("text/a.txt", "words");
    for (train, words) in [
        ("flat", "the pictures lie in no class folders"),
        ("text", "`text` is a folder without pictures: it holds 1 .txt"),
        ("gone", "there is no file `gone`"),
    ] {
        let call = folder.run(&format!("check c.yaml --set data.train={train}"));
        assert!(call.code == 1 && call.stderr.contains(words), "{train}: {}", call.stderr);
    }
}

#[test]
fn a_draft_of_a_folder_trains() {
    let folder = lights();
    let told = folder.ok("init pics");
    assert!(
        told.contains("40 pictures of 2 classes") && told.contains("wrote pics.yaml"),
        "{told}"
    );
    let text = folder.read("pics.yaml");
    assert!(text.contains("image") && text.contains("stratified"), "{text}");
    folder.ok("train pics.yaml -o run -q --set fit.epochs=1");
    let call = folder.run("init pics/candle");
    assert!(call.code == 1 && call.stderr.contains("no classes"), "{}", call.stderr);
    let call = folder.run("init pics --target other --force");
    assert!(call.code == 1 && call.stderr.contains("`class`"), "{}", call.stderr);
}

#[test]
fn pictures_are_alone_and_have_their_shape() {
    let folder = lights();
    let refused = |ours: &str, theirs: &str, words: &str| {
        assert!(CONFIG.contains(ours), "{ours}");
        folder.write("t.yaml", &CONFIG.replace(ours, theirs));
        let call = folder.run("check t.yaml");
        assert!(call.code == 1 && said(&call).contains(words), "{theirs}: {}", call.stderr);
    };
    refused(
        "  target: {column: class, encode: label}",
        "    - class\n  target: path",
        "only feature",
    );
    refused("[24, 24]", "[0, 24]", "`size` must be between 1");
    refused("[24, 24]", "[24, 24], channels: cmyk", "cmyk");
    refused("[24, 24]", "[24, 24], mean: [1, 2]", "`mean` must have 1 or 3 numbers, got 2");
    refused("[24, 24]}", "[24, 24]}, scale: standard", "can't be scaled");
    refused("  layers:", "  input_shape: [24, 24]\n  layers:", "the pictures are 24 x 24 with 3");
    refused(
        "column: class, encode: label",
        "column: path, image: {size: [2, 2]}",
        "can't be encoded",
    );
}

#[test]
#[cfg(all(feature = "onnx", feature = "keras"))]
fn exports_take_the_pixels_and_say_how_they_are_made() {
    let folder = lights();
    folder.ok("train c.yaml -o run -q --set fit.epochs=1");
    for which in ["--with-preprocessing", "--without-preprocessing"] {
        let told = folder.ok(&format!("export run --to onnx -o m.onnx --verify {which}"));
        assert!(told.contains("largest difference"), "{told}");
    }
    folder.ok("export run --to onnx -o m.onnx --with-preprocessing");
    let bytes = folder.read_bytes("m.onnx");
    let has = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(has("path_prepared") && has("resized to 24 x 24 as Keras's Resizing does"));
    folder.ok("export run --to keras -o m.keras --verify");
    folder.ok("export run --to torch -o torch --verify");
    let script = folder.read("torch/model.py");
    assert!(script.contains("give an array of the shape [24, 24, 3]"), "{script}");
    assert!(Path::new(&folder.path("torch/model.safetensors")).exists());
}
