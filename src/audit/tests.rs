use std::io::Write;

use tempfile::TempDir;

use super::*;
use crate::config::unit::{Bytes, Milliseconds};

struct Kept {
    directory: TempDir,
    config: Config,
}

impl Kept {
    fn new(change: impl FnOnce(&mut Config)) -> Kept {
        let directory = TempDir::new().unwrap();
        let mut config =
            Config { data_directory: directory.path().to_owned(), ..Config::default() };
        change(&mut config);
        Kept { directory, config }
    }

    fn start(&self) -> Arc<Log> {
        let log = Arc::new(Log::default());
        log.configure(&self.config).unwrap();
        log
    }

    /// `count` logins, and the end.
    fn write(&self, count: usize) {
        let log = self.start();
        (0..count).for_each(|number| log.record(login(number)));
        log.close();
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("audit")
    }

    fn verify(&self) -> Verified {
        verify(&self.path(), None).unwrap()
    }

    fn files(&self) -> Vec<PathBuf> {
        files(&self.path()).unwrap().into_iter().map(|(_, path)| path).collect()
    }

    /// What is wrong after the lines of the first file were changed.
    fn after(&self, change: impl FnOnce(&mut Vec<String>)) -> Vec<Finding> {
        let path = &self.files()[0];
        let before = std::fs::read_to_string(path).unwrap();
        let mut lines: Vec<String> = before.lines().map(str::to_owned).collect();
        change(&mut lines);
        std::fs::write(path, lines.join("\n") + "\n").unwrap();
        let findings = self.verify().findings;
        std::fs::write(path, before).unwrap();
        assert!(self.verify().is_good());
        findings
    }
}

fn login(number: usize) -> Event {
    Event::new(Class::Login, "login", OK).by(&format!("user{number}"), "app")
}

#[test]
fn what_is_written_verifies_over_starts() {
    let kept = Kept::new(|_| {});
    kept.write(10);
    kept.write(5);
    let found = kept.verify();
    assert!(found.is_good(), "{:?}", found.findings);
    // Two of each start are its own: the file, and the classes.
    assert_eq!((found.records, found.first, found.last), (19, 1, 19));
    assert_eq!(kept.files().len(), 2);
    let head = found.head();
    assert!(verify(&kept.path(), Some(&head)).unwrap().has_head);
    let all: Vec<Record> = records(&kept.path()).unwrap().map(Result::unwrap).collect();
    assert_eq!(all[2].text("user"), "user0");
    assert!(all.windows(2).all(|pair| pair[0].text("time") <= pair[1].text("time")));
}

#[test]
fn a_changed_dropped_or_moved_record_is_named() {
    let kept = Kept::new(|_| {});
    kept.write(8);
    let changed = kept.after(|lines| lines[4] = lines[4].replace("user2", "user9"));
    assert_eq!((changed.len(), changed[0].line), (1, 5), "{changed:?}");
    assert!(changed[0].what.contains("hash of record 5"), "{changed:?}");
    let dropped = kept.after(|lines| drop(lines.remove(4)));
    assert_eq!((dropped.len(), dropped[0].line), (1, 5), "{dropped:?}");
    assert!(dropped[0].what.contains("record 6 is where record 5"), "{dropped:?}");
    let moved = kept.after(|lines| lines.swap(4, 5));
    assert!(moved[0].line == 5 && moved[0].what.contains("moved"), "{moved:?}");
    let added = kept.after(|lines| lines.insert(4, lines[4].clone()));
    assert!(added.iter().any(|found| found.line == 6), "{added:?}");
    // Numbers put right again do not help.
    let forged = kept.after(|lines| {
        lines.remove(4);
        for (at, line) in lines.iter_mut().enumerate().skip(4) {
            let number = at + 1;
            let rest = line.split_once(',').unwrap().1.to_owned();
            *line = format!("{{\"seq\":{number},{rest}");
        }
    });
    assert_eq!(forged[0].line, 5, "{forged:?}");
    // Nor does a hash of its own, as the next one does not fit.
    let rehashed = kept.after(|lines| {
        let previous = chain::read(lines[3].as_bytes()).unwrap().hash;
        let body = lines[4].replace("user2", "user9");
        let body = body.split(",\"hash\"").next().unwrap().to_owned();
        let hash = chain::hex(&chain::hash_of(&previous, body.as_bytes()));
        lines[4] = format!("{body},\"hash\":\"{hash}\"}}");
    });
    assert_eq!((rehashed.len(), rehashed[0].line), (1, 6), "{rehashed:?}");
    let nonsense = kept.after(|lines| lines[4] = "nonsense".to_owned());
    assert_eq!(nonsense[0].line, 5, "{nonsense:?}");
    // The end alone can be cut off: who has noted it sees that.
    let head = kept.verify().head();
    let path = &kept.files()[0];
    let text = std::fs::read_to_string(path).unwrap();
    let cut = text.trim_end().rfind('\n').unwrap();
    std::fs::write(path, &text[..=cut]).unwrap();
    let found = verify(&kept.path(), Some(&head)).unwrap();
    assert!(found.is_good() && !found.has_head);
}

#[test]
fn a_torn_record_is_told_and_cut() {
    let kept = Kept::new(|_| {});
    kept.write(3);
    let path = kept.files()[0].clone();
    let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(b"{\"seq\":6,\"time\":\"2026-").unwrap();
    let found = kept.verify();
    assert!(found.is_good() && found.torn.is_some_and(|torn| torn.line == 6));
    kept.write(1);
    let found = kept.verify();
    assert!(found.is_good() && found.torn.is_none(), "{:?}", found.findings);
    let all: Vec<Record> = records(&kept.path()).unwrap().map(Result::unwrap).collect();
    assert!(all[5].text("detail").contains("22 bytes of a torn record"), "{:?}", all[5]);
    // A file of which nothing was written at all.
    std::fs::write(file_of(&kept.path(), found.last + 1), "{\"seq\"").unwrap();
    kept.write(1);
    assert!(kept.verify().is_good());
}

#[test]
fn files_follow_one_another_and_the_oldest_go() {
    let kept = Kept::new(|config| {
        config.audit_file_size = Bytes(4 << 10);
        config.audit_max_size = Bytes(16 << 10);
        config.audit_sync_interval = Milliseconds(0);
    });
    kept.write(400);
    let files = kept.files();
    assert!((3..=6).contains(&files.len()), "{}", files.len());
    let found = kept.verify();
    assert!(found.is_good(), "{:?}", found.findings);
    assert!(found.first > 100 && found.last > 400, "{found:?}");
    let removed = records(&kept.path()).unwrap().map(Result::unwrap);
    assert!(removed.filter(|record| record.text("event") == "file removed").count() > 0);
    // One from the middle.
    std::fs::remove_file(&files[1]).unwrap();
    assert!(!kept.verify().is_good());
}

#[test]
fn only_classes_that_are_kept_are_written_and_no_secrets() {
    let kept = Kept::new(|config| config.audit = "ddl, admin".to_owned());
    let log = kept.start();
    assert!(log.keeps(Class::Ddl) && !log.keeps(Class::Login));
    log.record(login(1));
    let event = Event::new(Class::Admin, "x", DENIED).from("[::ffff:10.0.0.1]:5".parse().ok());
    log.record(event.with("detail", "postgres://a:secret@b apikey=xyz"));
    let off = Config { audit: "none".to_owned(), ..kept.config.clone() };
    log.configure(&off).unwrap();
    log.record(Event::new(Class::Ddl, "y", OK));
    let all: Vec<Record> = records(&kept.path()).unwrap().map(Result::unwrap).collect();
    assert_eq!(all.len(), 3);
    assert_eq!(all[2].text("detail"), "postgres://a:***@b apikey=***");
    assert_eq!((all[2].text("client"), all[2].text("outcome")), ("10.0.0.1:5", "denied"));
    let mut out = Vec::new();
    assert_eq!(export(&kept.path(), Some(Class::Admin), None, &mut out).unwrap(), 1);
    assert!(out.starts_with(b"{\"seq\":3,"), "{}", String::from_utf8_lossy(&out));
    assert_eq!(export(&kept.path(), None, Some("9999"), &mut out).unwrap(), 0);
    // Nothing is made where nothing is kept.
    let none = Kept::new(|config| config.audit = "none".to_owned());
    none.write(3);
    assert!(!none.path().exists());
}

#[test]
fn records_of_many_threads_are_one_chain() {
    let kept = Kept::new(|_| {});
    let log = kept.start();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..200).for_each(|number| log.record(login(number))));
        }
    });
    log.close();
    let found = kept.verify();
    assert!(found.is_good(), "{:?}", found.findings);
    assert_eq!(found.records, 1_602);
}
