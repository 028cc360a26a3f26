/** Debian's rspamd as a milter with its usual rules, SPF, DKIM and DMARC; nothing that asks the network but the name server given. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { accepts, freePort, startServerProcess } from '#platform/testing/server-process.ts'

export interface Rspamd extends AsyncDisposable {
  milterPort: number
}

export interface RspamdOptions {
  /** `address:port` */
  nameServer: string
  /** Regular expressions are not compiled to be fast, which takes ten seconds: for tests. */
  startsSoon?: boolean
}

export async function startRspamd(
  folder: string,
  { nameServer, startsSoon = false }: RspamdOptions,
): Promise<Rspamd> {
  const [milterPort, workerPort] = [await freePort(), await freePort()]
  mkdirSync(join(folder, 'local.d'), { recursive: true })
  mkdirSync(join(folder, 'override.d'), { recursive: true })
  const all = filesOf(folder, { milterPort, workerPort }, nameServer, startsSoon)
  for (const [name, text] of Object.entries(all)) writeFileSync(join(folder, 'local.d', name), `${text}\n`)
  const variables = ['LOCAL_CONFDIR', 'DBDIR', 'RUNDIR', 'LOGDIR'].flatMap((name) => [
    '--var',
    `${name}=${folder}`,
  ])
  const server = await startServerProcess({
    debianPackage: 'rspamd',
    command: 'rspamd',
    args: ['-f', '-i', '-c', '/etc/rspamd/rspamd.conf', ...variables],
    isReady: () => accepts(milterPort),
  })
  return { milterPort, [Symbol.asyncDispose]: () => server.stop() }
}

const disabled = [
  'rbl',
  'surbl',
  'fuzzy_check',
  'greylist',
  'ratelimit',
  'history_redis',
  'neural',
  'replies',
  'mx_check',
  'dkim_signing',
  'arc',
]

function filesOf(
  folder: string,
  { milterPort, workerPort }: { milterPort: number; workerPort: number },
  nameServer: string,
  startsSoon: boolean,
): Record<string, string> {
  return {
    ...Object.fromEntries(disabled.map((name) => [`${name}.conf`, 'enabled = false;'])),
    'worker-proxy.inc':
      `bind_socket = "127.0.0.1:${milterPort}"; milter = yes; timeout = 30s; count = 2;\n` +
      'upstream "local" { default = yes; self_scan = yes; }',
    'worker-normal.inc': `bind_socket = "127.0.0.1:${workerPort}"; count = 1;`,
    'worker-controller.inc': 'enabled = false;',
    'worker-fuzzy.inc': 'enabled = false;',
    'options.inc': `dns { nameserver = ["${nameServer}"]; timeout = 1s; retransmits = 2; } local_addrs = []; disable_hyperscan = ${startsSoon};`,
    'spf.conf': 'check_local = true; check_authed = true;',
    'dkim.conf': 'check_local = true; check_authed = true;',
    'dmarc.conf': 'check_local = true; check_authed = true;',
    'milter_headers.conf':
      'use = ["authentication-results", "x-spam-status"]; skip_local = false; skip_authenticated = false;',
    'logging.inc': `type = "file"; filename = "${folder}/rspamd.log"; level = "warning";`,
  }
}
