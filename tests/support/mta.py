"""A real mail server of one test: Exim takes mails and hands them to Dovecot, which keeps them and serves IMAP.

Both are Debian's, run on high ports of the loopback address from configurations of our own; the system's are not touched.
Whoever runs the tests has to be root: the servers give their rights away to the users that their packages made.
"""

from __future__ import annotations

import os
import shutil
import smtplib
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import trustme

LOOPBACK = "127.0.0.1"
EXIM, DOVECOT = "/usr/sbin/exim4", "/usr/sbin/dovecot"
KEEPER = "Debian-exim"  #: owns the mailboxes
START = 20  #: seconds

# Every address of our domains goes to Dovecot, which knows who there is: so an unknown one comes back as a bounce, as it does
# from another office's server. What is behind a plus is for the reader of the mail.
_EXIM = """\
exim_user = {keeper}
exim_group = {keeper}
primary_hostname = mx.{domain}
spool_directory = {folder}/spool
log_file_path = {folder}/spool/log-%s
pid_file_path = {folder}/spool/exim.pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
domainlist ours = {domains}
acl_smtp_rcpt = check_rcpt
acl_smtp_data = accept
message_size_limit = 80M
deliver_drop_privilege = true
host_lookup =
rfc1413_query_timeout = 0s
keep_environment =
bounce_return_body = false
smtputf8_advertise_hosts = *
tls_advertise_hosts =

begin acl
check_rcpt:
  accept domains = +ours
  deny message = relay not permitted

begin routers
mailboxes:
  driver = accept
  domains = +ours
  transport = to_dovecot

begin transports
to_dovecot:
  driver = lmtp
  socket = {folder}/dovecot/lmtp
  timeout = 30s

begin retry
* * F,1h,1m
"""

_DOVECOT = """\
base_dir = {folder}/dovecot
state_dir = {folder}/dovecot
log_path = {folder}/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
ssl = required
ssl_cert = <{folder}/server.pem
ssl_key = <{folder}/server.key
auth_failure_delay = 0
recipient_delimiter = +
mail_location = maildir:{folder}/mail/%n
mail_uid = {keeper}
mail_gid = {keeper}
first_valid_uid = 1
first_valid_gid = 1
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%n {folder}/users
}}
userdb {{
  driver = passwd-file
  args = username_format=%n {folder}/users
  default_fields = uid={keeper} gid={keeper} home={folder}/mail/%n
}}
service imap-login {{
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {port}
    ssl = yes
  }}
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service lmtp {{
  unix_listener lmtp {{
    mode = 0666
  }}
}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """The running servers: mails are handed in at `smtp_port`, read at `imap_port` over TLS with `ca_file`."""

    folder: Path
    smtp_port: int
    imap_port: int
    ca_file: Path
    passwords: Mapping[str, str]
    host: str = LOOPBACK

    @property
    def context(self) -> ssl.SSLContext:
        """Trust this server's certificate and nothing else."""
        return ssl.create_default_context(cafile=self.ca_file)

    def hand_in(self, mail: EmailMessage | bytes, sender: str, to: str) -> None:
        """Send a mail as somebody's mail program does."""
        raw = mail if isinstance(mail, bytes) else mail.as_bytes()
        with smtplib.SMTP(self.host, self.smtp_port, timeout=30) as client:
            client.sendmail(sender, [to], raw)

    @property
    def log(self) -> str:
        """What both servers wrote, to be shown when a test fails."""
        files = [*(self.folder / "spool").glob("log-*"), self.folder / "dovecot.log"]
        return "\n".join(f.read_text("utf-8", "replace") for f in files if f.is_file())


@contextmanager
def running_post(passwords: Mapping[str, str], *, domains: tuple[str, ...]) -> Generator[Post]:
    """Start both servers, with a mailbox for each name, and stop them.

    Their folder is not below pytest's, which is closed to other users, and its name is short: a Unix socket's has
    room for 107 bytes.
    """
    folder = Path(tempfile.mkdtemp(prefix="rfm-"))
    try:
        with ExitStack() as stack:
            yield _started(stack, folder, passwords, domains)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _started(stack: ExitStack, folder: Path, passwords: Mapping[str, str], domains: tuple[str, ...]) -> Post:
    folder.chmod(0o755)
    for name in ("spool", "mail"):
        (folder / name).mkdir()
        shutil.chown(folder / name, KEEPER, KEEPER)
    (folder / "dovecot").mkdir()
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    certificate = authority.issue_cert(LOOPBACK, "localhost")
    certificate.private_key_pem.write_to_path(str(folder / "server.key"))
    certificate.cert_chain_pems[0].write_to_path(str(folder / "server.pem"))
    (folder / "users").write_text("".join(f"{name}:{{PLAIN}}{word}::::::\n" for name, word in passwords.items()))
    (folder / "users").chmod(0o644)
    smtp_port, imap_port = _free_ports(2)
    known = {"folder": folder, "keeper": KEEPER, "domain": domains[0], "domains": " : ".join(domains)}
    for name, text, port in (("exim.conf", _EXIM, smtp_port), ("dovecot.conf", _DOVECOT, imap_port)):
        (folder / name).write_text(text.format(port=port, **known))
        (folder / name).chmod(0o644)
    _run(stack, [DOVECOT, "-F", "-c", f"{folder}/dovecot.conf"], imap_port, folder)
    _run(stack, [EXIM, "-C", f"{folder}/exim.conf", "-bdf"], smtp_port, folder)
    return Post(
        folder=folder,
        smtp_port=smtp_port,
        imap_port=imap_port,
        ca_file=folder / "ca.pem",
        passwords=dict(passwords),
    )


def _run(stack: ExitStack, command: list[str], port: int, folder: Path) -> None:
    """Run a server until the stack is closed; return when it takes connections."""
    with (folder / f"{Path(command[0]).name}.out").open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL, env=_environment())
    stack.callback(_end, process)
    deadline = time.monotonic() + START
    while True:
        try:
            socket.create_connection((LOOPBACK, port), timeout=1).close()
            return
        except OSError as exc:
            if process.poll() is not None or time.monotonic() > deadline:
                said = Path(out.name).read_text("utf-8", "replace")
                raise AssertionError(f"{command} does not answer ({process.poll()}): {said}") from exc
            time.sleep(0.05)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(timeout=10)


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LANG": "C.UTF-8"}


def _free_ports(count: int) -> list[int]:
    """Return ports that nobody uses; held all at once, so that they differ."""
    with ExitStack() as stack:
        held = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in held:
            one.bind((LOOPBACK, 0))
        return [int(one.getsockname()[1]) for one in held]
