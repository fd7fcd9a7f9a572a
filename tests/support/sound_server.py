"""A private sound server without any sound card: a microphone to speak into, a speaker to record.

PulseAudio runs with two null sinks. What is played into `micbus` is heard by the ALSA device
`fake_mic`, which is also the default microphone; `fake_spk` is the default speaker and what it
plays can be recorded. Like a real one, the microphone is never without a faint noise. Nothing
outside the server's own folder is touched.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from voice.audio import portaudio

PACKAGES = "libportaudio2 pulseaudio pulseaudio-utils libasound2-plugins"
_NEEDED = ("pulseaudio", "pactl", "pacat", "parec")
_ALSA = """\
</usr/share/alsa/alsa.conf>
pcm.!default { type pulse }
ctl.!default { type pulse }
pcm.fake_mic {
    type pulse
    device "micbus.monitor"
    hint { show on description "fake microphone" }
}
pcm.fake_spk {
    type pulse
    device "spk"
    hint { show on description "fake speaker" }
}
"""
# Without norewinds a null sink works in blocks of two seconds.
_SINK = "module-null-sink sink_name={} rate=48000 channels=1 norewinds=1"
_SPEAKER_RATE = 48_000
_HISS_RATE = 16_000


@contextmanager
def served(*modules: Sequence[str]) -> Iterator["SoundServer"]:
    """A running server with these modules, used by this process's streams; then all as before."""
    server = SoundServer()
    before = dict(os.environ)
    os.environ.update(server.settings)
    try:
        server.start()
        for module in modules:
            server.control("load-module", *module)
        portaudio.rescan()
        yield server
    finally:
        server.remove()
        os.environ.clear()
        os.environ.update(before)
        portaudio.rescan()


class SoundServer:
    """Start, stop and restart the server; `env` lets a child process use it."""

    def __init__(self) -> None:
        missing = [name for name in _NEEDED if not shutil.which(name)]
        if missing:
            raise RuntimeError(
                f"real sound tests need {', '.join(missing)}: apt-get install -y "
                f"--no-install-recommends {PACKAGES}"
            )
        self._folder = Path(tempfile.mkdtemp(prefix="sound-"))
        for name in ("runtime", "state", "config"):
            (self._folder / name).mkdir(mode=0o700)
        self.alsa_configuration = self._folder / "asound.conf"
        self.alsa_configuration.write_text(_ALSA)
        self.settings = {
            "XDG_RUNTIME_DIR": str(self._folder),
            "PULSE_RUNTIME_PATH": str(self._folder / "runtime"),
            "PULSE_STATE_PATH": str(self._folder / "state"),
            "PULSE_CONFIG_PATH": str(self._folder / "config"),
            "PULSE_SERVER": f"unix:{self._folder}/socket",
            "ALSA_CONFIG_PATH": str(self.alsa_configuration),
        }
        noise = np.random.default_rng(1).normal(0, 4, _HISS_RATE).astype("<i2")
        (self._folder / "noise").write_bytes(noise.tobytes())
        self._process: subprocess.Popen[bytes] | None = None
        self._hiss: subprocess.Popen[bytes] | None = None
        self._recordings: list[Recording] = []

    @property
    def env(self) -> dict[str, str]:
        """The environment of a process that uses this server."""
        return {**os.environ, **self.settings}

    def start(self) -> None:
        """Run the server and wait until it answers."""
        command = ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1"]
        command += ["--use-pid-file=no", "--high-priority=no", "--realtime=no"]
        modules = [f"module-native-protocol-unix socket={self._folder}/socket auth-anonymous=1"]
        modules += [_SINK.format("spk")]
        for module in modules:
            command += ["-L", module]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, env=self.env, stdout=log, stderr=log)
        deadline = time.monotonic() + 10
        while not self._answers():
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise RuntimeError((self._folder / "log").read_text()[-2000:])
            time.sleep(0.02)
        self.control("set-default-sink", "spk")
        self.plug_in()

    def plug_in(self) -> None:
        """Connect the microphone."""
        self.control("load-module", *_SINK.format("micbus").split())
        self.control("set-default-source", "micbus.monitor")
        stream = f"--device=micbus --format=s16le --channels=1 --rate={_HISS_RATE}"
        self._hiss = subprocess.Popen(
            ["sh", "-c", f"while cat noise; do :; done | pacat {stream}"],
            cwd=self._folder,
            env=self.env,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def mute(self) -> None:
        """Have the microphone give digital silence."""
        self.control("set-source-mute", "micbus.monitor", "1")

    def unmute(self) -> None:
        """Undo `mute`."""
        self.control("set-source-mute", "micbus.monitor", "0")

    def unplug(self) -> None:
        """Pull the microphone's plug; the server moves its listeners to another source."""
        self._end_hiss()  # else it would be moved to the speaker
        modules = [row.split() for row in self.control("list", "short", "modules").splitlines()]
        self.control("unload-module", next(m[0] for m in modules if "sink_name=micbus" in m))

    def kill(self) -> None:
        """Take the server away as a crash would."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None
            self._end_hiss()

    def _end_hiss(self) -> None:
        if self._hiss:
            os.killpg(self._hiss.pid, signal.SIGKILL)
            self._hiss.wait()
            self._hiss = None

    def remove(self) -> None:
        """Stop for good."""
        for recording in self._recordings:
            recording.close()
        self.kill()
        shutil.rmtree(self._folder)

    def control(self, *arguments: str) -> str:
        """Run pactl."""
        done = subprocess.run(
            ["pactl", *arguments], env=self.env, capture_output=True, text=True, check=True
        )
        return done.stdout

    def speak(self, samples: np.ndarray, rate: int) -> None:
        """Play int16 samples into the microphone; returns when they have been played."""
        stream = ["--format=s16le", "--channels=1", f"--rate={rate}"]
        subprocess.run(
            ["pacat", "--device=micbus", *stream],
            env=self.env,
            input=samples.astype("<i2").tobytes(),
            check=True,
        )

    def record(self) -> "Recording":
        """Begin to record what the speaker plays."""
        self._recordings.append(Recording(self.env))
        return self._recordings[-1]

    def _answers(self) -> bool:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        done = subprocess.run(["pactl", "info"], env=self.env, check=False, **quiet)
        return done.returncode == 0


class Recording:
    """What the speaker plays, from now until `stop`."""

    rate = _SPEAKER_RATE

    def __init__(self, env: dict[str, str]) -> None:
        stream = ["--format=s16le", "--channels=1", f"--rate={self.rate}"]
        # A file, because a pipe would be full after 0.7 s.
        self._sound = tempfile.TemporaryFile()  # noqa: SIM115 - closed by stop or close
        self._process = subprocess.Popen(
            ["parec", "--device=spk.monitor", "--latency-msec=50", *stream],
            env=env,
            stdout=self._sound,
        )

    def loud(self) -> bool:
        """Whether anything above a murmur has been played so far."""
        sound = os.pread(self._sound.fileno(), os.fstat(self._sound.fileno()).st_size, 0)
        return bool((np.abs(np.frombuffer(sound[: len(sound) // 2 * 2], "<i2")) > 1_000).any())

    def stop(self) -> np.ndarray:
        """Give the int16 samples at `rate`."""
        self._process.terminate()
        self._process.wait(timeout=10)
        self._sound.seek(0)
        sound = self._sound.read()
        self._sound.close()
        return np.frombuffer(sound[: len(sound) // 2 * 2], "<i2")

    def close(self) -> None:
        """Stop, where a test that failed has not."""
        self._process.kill()
        self._process.wait()
        self._sound.close()


def likeness(heard: np.ndarray, sound: np.ndarray, pieces: int = 10) -> float:
    """Give the median correlation of the sound's pieces, each sought where it ought to be.

    A machine whose processors are all taken tears a gap into playback now and then; that moves
    what follows, and must not look like wrong sound.
    """
    at, _ = find(heard, sound)
    length, slack = len(sound) // pieces, len(sound) // 2
    found = []
    for start in range(0, length * pieces, length):
        near = heard[max(0, at + start - slack) : at + start + length + slack]
        found.append(find(near, sound[start : start + length])[1])
    return float(np.median(found))


def find(heard: np.ndarray, sound: np.ndarray) -> tuple[int, float]:
    """Give where `sound` begins in `heard` and how well it correlates there (1 is perfect)."""
    heard, sound = heard.astype(float), sound.astype(float)
    size = 1 << (len(heard) + len(sound)).bit_length()
    spectrum = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(sound, size))
    at = int(np.fft.irfft(spectrum, size)[: max(1, len(heard) - len(sound))].argmax())
    part = heard[at : at + len(sound)]
    norm = float(np.linalg.norm(part) * np.linalg.norm(sound[: len(part)]))
    return at, float(part @ sound[: len(part)]) / norm if norm else 0.0
