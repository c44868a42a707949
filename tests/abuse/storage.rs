//! Data directories that cannot be used, and a disk that is full.

use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use crate::support::{block_on, connect, zserver::Zserver};

#[test]
fn a_second_server_on_a_data_directory_is_refused() {
    let directory = TempDir::new().expect("a temporary directory");
    let data = directory.path().join("data");
    let first = Zserver::start_over(&data, &[]);
    let said = Zserver::refused(&data);
    assert!(said.contains("is already in use"), "{said}");
    block_on(async {
        let client = connect(first.port).await;
        client.batch_execute("SELECT 1").await.expect("the first server is well");
    });
}

#[test]
fn a_data_directory_of_another_format_is_refused_and_left_alone() {
    let directory = TempDir::new().expect("a temporary directory");
    let data = directory.path().join("data");
    assert_eq!(Zserver::start_over(&data, &[]).terminate().code(), Some(0));
    let format = data.join("zserver.format");
    std::fs::write(&format, "zserver data format 999\n").expect("the file is writable");
    let said = Zserver::refused(&data);
    assert!(said.contains("999"), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    let kept = std::fs::read_to_string(&format).expect("the file is there");
    assert_eq!(kept, "zserver data format 999\n");
}

/// A small file system of its own; unmounted when dropped.
struct SmallDisk {
    directory: TempDir,
}

impl SmallDisk {
    /// `None` where this user may not mount.
    fn mount(mebibytes: u32) -> Option<SmallDisk> {
        let directory = TempDir::new().expect("a temporary directory");
        let disk = SmallDisk { directory };
        disk.run(&["-t", "tmpfs", "-o", &format!("size={mebibytes}m"), "zserver-test"])
            .then_some(disk)
    }

    /// Takes all room that is left, as other programs do; answers where.
    fn fill(&self) -> std::path::PathBuf {
        let path = self.path().join("filler");
        let mut file = std::fs::File::create(&path).expect("room for a file");
        while file.write_all(&[1; 1 << 20]).is_ok() {}
        path
    }

    fn run(&self, arguments: &[&str]) -> bool {
        let mut mount = Command::new("mount");
        let output = mount.args(arguments).arg(self.path()).output();
        output.is_ok_and(|output| output.status.success())
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // If it was never mounted there is nothing to be undone.
        let _ = Command::new("umount").arg("--lazy").arg(self.path()).output();
    }
}

#[test]
fn a_full_disk_loses_no_acknowledged_row() {
    // More than the server keeps free for what it has accepted.
    let Some(disk) = SmallDisk::mount(400) else {
        println!("skipped: only root may mount a small disk");
        return;
    };
    let data = disk.path().join("data");
    let server = Zserver::start_over(&data, &[]);
    let filler = block_on(async {
        let client = connect(server.port).await;
        client.batch_execute("CREATE TABLE t (a int PRIMARY KEY)").await.expect("DDL");
        client.batch_execute("INSERT INTO t SELECT generate_series(1, 500)").await.expect("rows");
        let filler = disk.fill();
        let error = client.batch_execute("INSERT INTO t VALUES (0)").await.expect_err("no room");
        assert_eq!(error.code(), Some(&SqlState::DISK_FULL));
        assert_eq!(rows(&client).await, 500, "what is there can be read");
        filler
    });
    let data = server.kill();
    std::fs::remove_file(filler).expect("the filler is there");
    let server = Zserver::start_over(&data, &[]);
    block_on(async {
        let client = connect(server.port).await;
        assert_eq!(rows(&client).await, 500);
        client.batch_execute("INSERT INTO t VALUES (0)").await.expect("there is room again");
        let filler = disk.fill();
        client.batch_execute("INSERT INTO t VALUES (-1)").await.expect_err("no room");
        std::fs::remove_file(filler).expect("the filler is there");
        client.batch_execute("INSERT INTO t VALUES (-1)").await.expect("the server goes on");
        assert_eq!(rows(&client).await, 502);
    });
}

async fn rows(client: &Client) -> i64 {
    client.query_one("SELECT count(*) FROM t", &[]).await.expect("t is readable").get(0)
}

/// Clients that come when the descriptors are used up wait or are turned away; those that
/// are there work on, and what they write is kept.
#[test]
fn running_out_of_descriptors_harms_nobody_who_is_there() {
    const DESCRIPTORS: u32 = 160;
    let directory = TempDir::new().expect("a temporary directory");
    let data = directory.path().join("data");
    let server = Zserver::start_with_descriptors(&data, DESCRIPTORS);
    let port = server.port;
    block_on(async {
        let client = connect(port).await;
        client.batch_execute("CREATE TABLE t (a int PRIMARY KEY)").await.expect("DDL");
        let address = std::net::SocketAddr::from(([127, 0, 0, 1], port));
        let dial =
            |_| std::net::TcpStream::connect_timeout(&address, Duration::from_millis(100)).ok();
        let sockets: Vec<_> = (0..DESCRIPTORS + 20).filter_map(dial).collect();
        tokio::time::sleep(Duration::from_millis(300)).await;
        for n in 1..=200 {
            let sql = format!("INSERT INTO t VALUES ({n})");
            client.batch_execute(&sql).await.expect("who is there works on");
        }
        assert_eq!(rows(&client).await, 200);
        drop(sockets);
        let config = format!("host=127.0.0.1 port={port} user=postgres dbname=postgres");
        let newcomer = async {
            loop {
                match tokio_postgres::connect(&config, tokio_postgres::NoTls).await {
                    Ok((newcomer, connection)) => {
                        tokio::spawn(connection);
                        return newcomer;
                    }
                    Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
                }
            }
        };
        let newcomer = tokio::time::timeout(Duration::from_secs(10), newcomer).await;
        assert_eq!(rows(&newcomer.expect("there is room again")).await, 200);
    });
    let data = server.kill();
    let server = Zserver::start_over(&data, &[]);
    block_on(async { assert_eq!(rows(&connect(server.port).await).await, 200) });
}
