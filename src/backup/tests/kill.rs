//! What is in the archive after `kill -9`.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use super::*;

const CRASH_DIRECTORY: &str = "ZSERVER_TEST_BACKUP_DIRECTORY";

#[test]
#[ignore = "the child of what_was_acknowledged_before_a_kill_is_in_the_archive"]
fn child_archives_until_killed() {
    let Ok(directory) = std::env::var(CRASH_DIRECTORY) else { return };
    let directory = PathBuf::from(directory);
    let engine: Arc<dyn Engine> = Arc::new(open_engine(&directory.join("data")));
    let archive = ArchiveOptions {
        spool: directory.join("data").join(SPOOL_DIRECTORY),
        directory: directory.join("archive"),
        segment_bytes: 64 << 10,
        timeout: Duration::ZERO,
    };
    let transactions =
        Transactions::open_with_archive(engine, limits(), Archiving::To(archive)).expect("open");
    for n in 0u64.. {
        let ts = insert(&transactions, if n % 4 == 3 { 300 } else { 2 }).expect("rows");
        println!("acknowledged {ts}");
    }
}

#[test]
fn what_was_acknowledged_before_a_kill_is_in_the_archive() {
    let place = Place::new();
    fs::create_dir(place.path("archive")).expect("the archive directory");
    let transactions = place.open(true);
    place.back_up(&transactions, "backup", None);
    drop(transactions);
    let archives = [place.path("archive"), place.path("data").join(SPOOL_DIRECTORY)];
    for kill_after in [20, 35, 50] {
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .args(["--ignored", "--nocapture", "child_archives_until_killed"])
            .env(CRASH_DIRECTORY, place.directory.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("start the child");
        let output = BufReader::new(child.stdout.take().expect("piped"));
        let (mut count, mut last) = (0, 0);
        for line in output.lines() {
            let line = line.expect("the child's output");
            if let Some(ts) = line.split("acknowledged ").nth(1) {
                last = ts.parse().expect("a timestamp");
                count += 1;
            }
            if count == kill_after {
                child.kill().expect("kill");
            }
        }
        child.wait().expect("the child's end");
        // Before the next start, from the archive and the spool as they were left.
        place.restore("backup", ReplayTarget::CommitTs(last), &archives).expect("restore");
        let restored = rids(&place.restored());
        let transactions = place.open(true);
        assert!(transactions.published().commit_ts >= last);
        let found = rids(&transactions);
        assert!(restored.iter().all(|rid| found.binary_search(rid).is_ok()));
        assert!(found.len() - restored.len() <= 300, "at most one commit was not acknowledged");
        drop(transactions);
        place.restore("backup", ReplayTarget::Latest, &archives).expect("restore");
        assert_eq!(rids(&place.restored()), found);
    }
}
