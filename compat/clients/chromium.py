"""A headless Chromium with a fake camera and microphone, at one page. CHROMIUM names another binary."""

import os
import shutil
import subprocess

FLAGS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required", "--disable-features=WebRtcHideLocalIpsWithMdns",
    "--allow-loopback-in-peer-connection",
]


def binary():
    """Where there is one."""
    return shutil.which(os.environ.get("CHROMIUM", "chromium"))


def start(profile, url):
    words = [binary(), *FLAGS, f"--user-data-dir={profile}", url]
    return subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
