/** Debian's Postfix with a configuration, a queue and ports of its own. */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { accepts, startServerProcess } from '#platform/testing/server-process.ts'

const run = promisify(execFile)

export interface Postfix extends AsyncDisposable {
  /** Everything of it; mailboxes below are `vmail/<domain>/<user>/`. */
  folder: string
  /** Numeric; owns the mailboxes. */
  owner: { uid: number; gid: number }
  /** As `postqueue -j` has it. */
  queue(): Promise<{ queueName: string; recipients: { address: string; delay_reason?: string }[] }[]>
  /** Everything that waits is tried now. */
  flush(): Promise<void>
  command(name: string, ...args: string[]): Promise<string>
  /** As a program on its own machine does. */
  sendmail(sender: string, recipient: string, content: Buffer): Promise<void>
  log(): Promise<string>
  /** SIGKILL of all its processes. */
  kill(): Promise<void>
  start(): Promise<void>
}

export interface PostfixOptions {
  host: string
  port: number
  /** Beside, or in place of, what is said here. */
  main: Record<string, string>
  /** More lines of `master.cf`. */
  services?: string[]
  /** Files of its folder. */
  files?: Record<string, string>
}

export async function startPostfix(options: PostfixOptions): Promise<Postfix> {
  const { host, port } = options
  // Its users have to reach it, which they can't below the folder of a test run.
  const folder = await mkdtemp('/tmp/dakghar-postfix-')
  const [postfix, nobody] = await Promise.all([idOf('postfix'), idOf('nobody')])
  await chmod(folder, 0o755)
  for (const name of ['etc', 'queue', 'data', 'vmail']) await mkdir(join(folder, name))
  await chown(join(folder, 'data'), postfix.uid, postfix.gid)
  await chown(join(folder, 'vmail'), nobody.uid, nobody.gid)
  const etc = join(folder, 'etc')
  await writeFile(join(etc, 'main.cf'), mainOf(folder, options, nobody))
  await writeFile(join(etc, 'master.cf'), masterOf(options))
  for (const [name, text] of Object.entries(options.files ?? {})) await writeFile(join(folder, name), text)
  const command = async (name: string, ...args: string[]) =>
    (await run(name, ['-c', etc, ...args], { maxBuffer: 64 * 1024 * 1024 })).stdout
  let server: Awaited<ReturnType<typeof startServerProcess>> | undefined
  const kill = async () => {
    const master = Number(await readFile(join(folder, 'queue/pid/master.pid'), 'utf8').catch(() => 'x'))
    // All its processes are in a group of their own.
    if (Number.isInteger(master)) killGroup(master)
    await server?.stop('SIGKILL')
    server = undefined
  }
  const opened: Postfix = {
    folder,
    owner: nobody,
    async queue() {
      const lines = (await command('postqueue', '-j')).split('\n').filter((line) => line !== '')
      return lines.map((line) => {
        const { queue_name: queueName, recipients } = JSON.parse(line)
        return { queueName, recipients }
      })
    },
    flush: async () => void (await command('postqueue', '-f')),
    command,
    async sendmail(sender, recipient, content) {
      const child = execFile('sendmail', ['-C', etc, '-i', '-f', sender, '--', recipient])
      child.stdin!.end(content.toString('latin1').replaceAll('\r\n', '\n'), 'latin1')
      const [code] = await once(child, 'exit')
      if (code !== 0) throw new Error(`sendmail ends with ${code}`)
    },
    log: () => readFile(join(folder, 'log'), 'utf8').catch(() => ''),
    kill,
    async start() {
      // Makes the folders of the queue.
      await command('postfix', 'check')
      server = await startServerProcess({
        debianPackage: 'postfix',
        command: '/usr/lib/postfix/sbin/master',
        args: ['-c', etc],
        isReady: () => accepts(port, host),
      })
    },
    async [Symbol.asyncDispose]() {
      await kill()
      await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
    },
  }
  try {
    await opened.start()
  } catch (error) {
    const said = await opened.log()
    await opened[Symbol.asyncDispose]()
    throw new Error(`Postfix does not start: ${String(error)}\n${said}`, { cause: error })
  }
  return opened
}

export async function idOf(user: string): Promise<{ uid: number; gid: number }> {
  const line = (await readFile('/etc/passwd', 'utf8')).split('\n').find((text) => text.startsWith(`${user}:`))
  if (line === undefined) throw new Error(`there is no user ${user}`)
  const [, , uid, gid] = line.split(':').map(Number)
  return { uid: uid!, gid: gid! }
}

function killGroup(leader: number): void {
  for (const target of [-leader, leader])
    try {
      process.kill(target, 'SIGKILL')
    } catch {
      // It is gone.
    }
}

function mainOf(folder: string, { host, main }: PostfixOptions, owner: { uid: number; gid: number }): string {
  const values: Record<string, string> = {
    compatibility_level: '3.6',
    queue_directory: join(folder, 'queue'),
    data_directory: join(folder, 'data'),
    maillog_file: join(folder, 'log'),
    maillog_file_prefixes: folder,
    // That no interface has 127.0.1.2 would end its start; `master.cf` says where it listens.
    inet_interfaces: '127.0.0.1',
    inet_protocols: 'ipv4',
    smtp_bind_address: host,
    mydestination: '',
    mynetworks: '',
    local_recipient_maps: '',
    alias_maps: '',
    alias_database: '',
    biff: 'no',
    smtputf8_enable: 'yes',
    smtpd_relay_restrictions: 'permit_mynetworks, reject_unauth_destination',
    virtual_mailbox_base: join(folder, 'vmail'),
    virtual_uid_maps: `static:${owner.uid}`,
    virtual_gid_maps: `static:${owner.gid}`,
    virtual_minimum_uid: '1',
    ...main,
  }
  return Object.entries(values)
    .map(([name, value]) => `${name} = ${value}\n`)
    .join('')
}

function masterOf({ host, port, services = [] }: PostfixOptions): string {
  return [
    `${host}:${port} inet n - n - - smtpd`,
    'postlog unix-dgram n - n - 1 postlogd',
    'pickup unix n - n 60 1 pickup',
    'cleanup unix n - n - 0 cleanup',
    'qmgr unix n - n 300 1 qmgr',
    'rewrite unix - - n - - trivial-rewrite',
    'bounce unix - - n - 0 bounce',
    'defer unix - - n - 0 bounce',
    'trace unix - - n - 0 bounce',
    'verify unix - - n - 1 verify',
    'flush unix n - n 1000? 0 flush',
    'proxymap unix - - n - - proxymap',
    'smtp unix - - n - - smtp',
    'relay unix - - n - - smtp',
    'showq unix n - n - - showq',
    'error unix - - n - - error',
    'retry unix - - n - - error',
    'discard unix - - n - - discard',
    'virtual unix - n n - - virtual',
    'lmtp unix - - n - - lmtp',
    'anvil unix - - n - 1 anvil',
    'scache unix - - n - 1 scache',
    'tlsmgr unix - - n 1000? 1 tlsmgr',
    ...services,
    '',
  ].join('\n')
}
