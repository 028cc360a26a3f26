/**
 * Debian's Exim in a root of its own: it can't be installed beside Postfix, wants a user of its own, and asks the name
 * servers of `/etc/resolv.conf`. Needs root.
 */
import { execFile, execFileSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import {
  chownSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { accepts, startServerProcess } from '#platform/testing/server-process.ts'
import { downloadDebianPackage } from '../../../tools/debian.ts'

export interface Exim extends AsyncDisposable {
  /** Its root; what comes for anybody is in the Maildir `mail/all` below it. */
  folder: string
  /** Hands a message in as a program on its machine does. */
  sendmail(sender: string, recipient: string, content: Buffer): Promise<void>
  /** Everything that waits is tried now. */
  flush(): Promise<void>
  /** Messages in its queue. */
  waiting(): Promise<number>
  log(): string
  kill(): Promise<void>
  start(): Promise<void>
}

export interface EximOptions {
  host: string
  domain: string
  /** PKCS #1 or #8 as PEM, and its selector. */
  key: string
  selector: string
  /** `127.0.0.1:port` */
  nameServer: string
}

const user = 9_123
/** Port 53 of it passes questions on to the name server. */
const resolverAddress = '127.0.1.53'

export async function startExim(options: EximOptions): Promise<Exim> {
  await using stack = new AsyncDisposableStack()
  stack.use(await passQuestions(Number(options.nameServer.split(':')[1])))
  const folder = await mkdtemp('/tmp/dakghar-exim-')
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  makeRoot(folder, options)
  const inside = (...args: string[]): [string, string[]] => [
    '/usr/sbin/chroot',
    [folder, '/usr/sbin/exim4', ...args],
  ]
  const run = async (...args: string[]) => (await promisify(execFile)(...inside(...args))).stdout
  let server: Awaited<ReturnType<typeof startServerProcess>> | undefined
  const kill = async () => {
    for (const pid of processesIn(folder)) process.kill(pid, 'SIGKILL')
    await server?.stop('SIGKILL')
    server = undefined
  }
  stack.defer(kill)
  const log = () => {
    const path = join(folder, 'var/log/exim4/mainlog')
    return existsSync(path) ? readFileSync(path, 'utf8') : ''
  }
  const start = async () => {
    const [command, args] = inside('-bdf', '-q1m')
    server = await startServerProcess({
      debianPackage: 'exim4-daemon-heavy',
      command,
      args,
      isReady: () => accepts(25, options.host),
    })
  }
  await start()
  const opened = stack.move()
  return {
    folder,
    async sendmail(sender, recipient, content) {
      const child = execFile(...inside('-i', '-f', sender, '--', recipient))
      child.stdin!.end(content.toString('latin1').replaceAll('\r\n', '\n'), 'latin1')
      const [code] = await once(child, 'exit')
      if (code !== 0) throw new Error(`exim ends with ${code}: ${log()}`)
    },
    flush: async () => void (await run('-qff')),
    waiting: async () => Number(await run('-bpc')),
    log,
    kill,
    start,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

/** The daemon and those of its children that serve a connection; all have this root. */
function processesIn(root: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      try {
        return pid > 0 && readlinkSync(`/proc/${pid}/root`) === root
      } catch {
        return false
      }
    })
}

/** From port 53, which is the only one that the system's resolver knows. */
async function passQuestions(port: number): Promise<AsyncDisposable> {
  const door = createSocket('udp4')
  door.on('message', (question, peer) => {
    const asking = createSocket('udp4')
    asking.once('message', (answer) => {
      door.send(answer, peer.port, peer.address)
      asking.close()
    })
    asking.send(question, port, '127.0.0.1')
  })
  door.bind(53, resolverAddress)
  await once(door, 'listening')
  return { [Symbol.asyncDispose]: async () => void door.close() }
}

function makeRoot(folder: string, { host, domain, key, selector }: EximOptions): void {
  const cache = fileURLToPath(new URL('../../../node_modules/.cache/debian/', import.meta.url))
  const unpacked = join(cache, 'exim4-daemon-heavy')
  if (!existsSync(unpacked)) downloadDebianPackage('exim4-daemon-heavy', unpacked)
  cpSync(join(unpacked, 'usr'), join(folder, 'usr'), { recursive: true, verbatimSymlinks: true })
  for (const library of librariesOf(join(folder, 'usr/sbin/exim4'), join(folder, 'usr/lib'))) {
    mkdirSync(dirname(join(folder, library)), { recursive: true })
    if (!existsSync(join(folder, library))) copyFileSync(library, join(folder, library))
  }
  const files: Record<string, string> = {
    'etc/passwd': `root:x:0:0::/:/bin/sh\nDebian-exim:x:${user}:${user}::/:/bin/false\n`,
    'etc/group': `root:x:0:\nDebian-exim:x:${user}:\nmail:x:8:\n`,
    'etc/hosts': '127.0.0.1 localhost\n',
    'etc/nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
    'etc/resolv.conf': `nameserver ${resolverAddress}\n`,
    'etc/exim4/dkim.pem': key,
    'etc/exim4/exim4.conf': configuration(host, domain, selector),
  }
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  execFileSync('chmod', ['755', folder])
  for (const path of ['dev', 'tmp', 'mail', 'var/spool/exim4', 'var/log/exim4', 'run'])
    mkdirSync(join(folder, path), { recursive: true })
  for (const path of ['mail', 'var/spool/exim4', 'var/log/exim4', 'etc/exim4/dkim.pem', 'tmp'])
    chownSync(join(folder, path), user, user)
  execFileSync('mknod', ['-m', '666', join(folder, 'dev/null'), 'c', '1', '3'])
  execFileSync('mknod', ['-m', '666', join(folder, 'dev/urandom'), 'c', '1', '9'])
}

/** Of the system. */
function librariesOf(program: string, own: string): string[] {
  const said = execFileSync('ldd', [program], {
    env: { LD_LIBRARY_PATH: `${own}:${own}/x86_64-linux-gnu` },
    encoding: 'utf8',
  })
  const paths = Array.from(said.matchAll(/(?:=> |^\t)(\/\S+)/gm), ([, path]) => path!)
  // What look-ups of names load later.
  return [
    ...paths,
    '/lib/x86_64-linux-gnu/libnss_files.so.2',
    '/lib/x86_64-linux-gnu/libnss_dns.so.2',
  ].filter((path) => !path.startsWith(own) && existsSync(path))
}

function configuration(host: string, domain: string, selector: string): string {
  return `
primary_hostname = mx.${domain}
domainlist local_domains = ${domain}
local_interfaces = ${host}
daemon_smtp_ports = 25
smtputf8_advertise_hosts = *
dsn_advertise_hosts = *
tls_advertise_hosts =
host_lookup =
rfc1413_query_timeout = 0s
qualify_domain = ${domain}
log_file_path = /var/log/exim4/%slog
acl_smtp_rcpt = check_recipient
acl_smtp_data = check_data
untrusted_set_sender = *
trusted_users = root
local_from_check = false
dns_dnssec_ok = 0
keep_environment =

begin acl
check_recipient:
  warn spf = pass : fail : softfail : none : neutral : err_temp : err_perm
  deny message = nobody has this address
       local_parts = refused
  accept domains = +local_domains
  deny message = relay not permitted
check_data:
  warn add_header = :at_start:\${authresults {$primary_hostname}}
  accept

begin routers
elsewhere:
  driver = dnslookup
  domains = ! +local_domains
  transport = remote_smtp
  self = send
  no_more
gone:
  driver = redirect
  local_parts = gone
  allow_fail
  data = :fail: this person has left
mailbox:
  driver = accept
  transport = maildir

begin transports
remote_smtp:
  driver = smtp
  port = 25
  interface = ${host}
  helo_data = mx.${domain}
  hosts_try_fastopen =
  dkim_domain = ${domain}
  dkim_selector = ${selector}
  dkim_private_key = /etc/exim4/dkim.pem
  dkim_canon = relaxed
maildir:
  driver = appendfile
  directory = /mail/all
  maildir_format
  create_directory
  user = Debian-exim
  group = Debian-exim
  return_path_add

begin retry
* * F,2h,10s
`
}
