// Matches texts in Rust: of each three lines of standard input the first is a pattern, the second "true" or "false",
// the third a text, with \n for a line feed. A line for each that Rust judges otherwise; a pattern it refuses ends it.
use std::io::{self, Read};

fn main() {
    let mut given = String::new();
    io::stdin().read_to_string(&mut given).unwrap();
    let lines: Vec<&str> = given.lines().collect();
    for case in lines.chunks_exact(3) {
        let text = case[2].replace("\\n", "\n");
        let found = regex::Regex::new(case[0]).unwrap().is_match(&text);
        if found.to_string() != case[1] {
            println!("{} {:?}: {}", case[0], text, found);
        }
    }
    println!("{} matched", lines.len() / 3);
}
