//! Power cuts: the data lies on a file system of its own, an ext4 image, that is shut down
//! under the server without writing anything back. What was acknowledged before is there
//! when the image is mounted again.
//!
//! `TEST_CUTS` says how many cuts.
//!
//! What is acknowledged after the cut has begun is not counted: with the power gone, nobody
//! would hear of it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use tempfile::TempDir;

use crate::crash::{CLIENTS, SETUP, stored, write_until_killed};
use crate::support::{block_on, connect, count, zserver::Zserver};

/// How long the clients write before each cut.
const ROUND_MS: u64 = 300;

/// EXT4_IOC_SHUTDOWN with NOLOGFLUSH: nothing in memory reaches the disk any more.
const SHUTDOWN: &str = "import fcntl, os, struct, sys\n\
    fd = os.open(sys.argv[1], os.O_RDONLY)\n\
    fcntl.ioctl(fd, 0x8004587D, struct.pack('I', 2))\n";

struct Image {
    directory: TempDir,
}

impl Image {
    /// `None` where this user may not make and mount one.
    fn new() -> Option<Image> {
        let image = Image { directory: TempDir::new().expect("a temporary directory") };
        let file = std::fs::File::create(image.file()).expect("a file");
        file.set_len(1 << 30).expect("a sparse file");
        std::fs::create_dir(image.path()).expect("a mount point");
        let made = run("mkfs.ext4", &["-q".as_ref(), "-F".as_ref(), image.file().as_ref()]);
        (made && image.mount()).then_some(image)
    }

    fn file(&self) -> PathBuf {
        self.directory.path().join("image")
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("disk")
    }

    fn mount(&self) -> bool {
        run("mount", &["-o".as_ref(), "loop".as_ref(), self.file().as_ref(), self.path().as_ref()])
    }

    fn unmount(&self) -> bool {
        run("umount", &[self.path().as_ref()])
    }

    fn cut(&self) -> bool {
        run("python3", &["-c".as_ref(), SHUTDOWN.as_ref(), self.path().as_ref()])
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        // It may not be mounted.
        let _ = Command::new("umount").arg("--lazy").arg(self.path()).output();
    }
}

fn run(program: &str, arguments: &[&Path]) -> bool {
    let output = Command::new(program).args(arguments).output();
    output.is_ok_and(|output| output.status.success())
}

#[test]
fn no_acknowledged_commit_is_lost_in_10_power_cuts() {
    let Some(image) = Image::new() else {
        println!("skipped: only root may mount an ext4 image");
        return;
    };
    let data = image.path().join("data");
    let cuts = count("TEST_CUTS", 10);
    // By client: what was acknowledged before the cut, and what until the end.
    let mut known = vec![(0i64, 0i64); CLIENTS as usize];
    for cut in 0..cuts {
        let server = Zserver::start_over(&data, &[]);
        let port = server.port;
        if cut == 0 {
            block_on(async {
                connect(port).await.batch_execute(SETUP).await.expect("a table");
            });
        }
        for (client, known) in (0..CLIENTS).zip(&mut known) {
            let last = block_on(stored(port, client));
            let (before, until_end) = *known;
            assert!(
                last >= before,
                "cut {cut}, client {client}: {before} acknowledged, {last} there"
            );
            assert!(
                last <= until_end + 1,
                "cut {cut}, client {client}: more is there than was sent"
            );
            *known = (last, last);
        }
        let stop = Arc::new(AtomicBool::new(false));
        let was_cut = block_on(async {
            let acknowledged: Vec<Arc<AtomicI64>> =
                known.iter().map(|(from, _)| Arc::new(AtomicI64::new(*from))).collect();
            let tasks: Vec<_> = (0..CLIENTS)
                .zip(&acknowledged)
                .map(|(client, acknowledged)| {
                    let writing =
                        write_until_killed(port, client, acknowledged.clone(), stop.clone());
                    tokio::spawn(writing)
                })
                .collect();
            tokio::time::sleep(Duration::from_millis(ROUND_MS)).await;
            for (known, acknowledged) in known.iter_mut().zip(&acknowledged) {
                known.0 = acknowledged.load(Ordering::SeqCst);
            }
            let was_cut = image.cut();
            server.kill();
            stop.store(true, Ordering::Relaxed);
            for (task, known) in tasks.into_iter().zip(&mut known) {
                known.1 = task.await.expect("the client task ends");
            }
            was_cut
        });
        if !was_cut {
            println!("skipped: the file system cannot be shut down");
            return;
        }
        assert!(image.unmount() && image.mount(), "the image can be mounted again");
    }
    assert!(known.iter().all(|(last, _)| *last > 0), "every client has written");
    let commits: i64 = known.iter().map(|(last, _)| last).sum();
    println!("{cuts} power cuts, {commits} commits found again, 0 lost");
}
