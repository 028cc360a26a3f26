/** Mail programs as people use them hand in mail with a password made for them. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import type { Person } from '../post-office.ts'
import { arrivedWith, openTown, type Town } from './town.ts'

const run = promisify(execFile)

let town: Town
let karim: Person
let folder: string
before(async () => {
  town = await openTown({})
  karim = await town.office.person('karim@ours.example')
  folder = await mkdtemp(join(tmpdir(), 'dakghar-programs-'))
})
after(async () => {
  await town?.[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

const swaksWays = [
  { name: 'STARTTLS and PLAIN', door: 'submission', options: ['--tls', '--auth', 'PLAIN'] },
  { name: 'STARTTLS and LOGIN', door: 'submission', options: ['--tls', '--auth', 'LOGIN'] },
  { name: 'TLS at once', door: 'submissions', options: ['--tls-on-connect', '--auth', 'PLAIN'] },
] as const

for (const { name, door, options } of swaksWays)
  test(`swaks sends over ${name}`, async () => {
    const subject = `swaks over ${name}`
    const login = ['--auth-user', town.rahim.address, '--auth-password', town.appPassword]
    const envelope = ['--from', town.rahim.address, '--to', karim.address]
    const file = ['--attach-type', 'text/csv', '--attach-name', 'prices.csv', '--attach', 'rice,60']
    const server = ['--server', '127.0.0.1', '--port', String(town.office.ports[door])]
    const header = ['--header', `Subject: ${subject}`]
    await run('swaks', [...server, ...options, ...login, ...envelope, ...header, ...file])
    const message = await arrivedWith(karim, subject)
    assert.deepEqual(
      message.attachments.map(({ fileName }) => fileName),
      ['prices.csv'],
    )
    assert.equal(message.from[0]?.address, town.rahim.address)
  })

test('swaks hears 535 for a wrong password, and 553 for an address of somebody else', async () => {
  const common = [
    '--server',
    '127.0.0.1',
    '--port',
    String(town.office.ports.submission),
    '--tls',
    '--to',
    karim.address,
  ]
  const login = ['--auth', 'PLAIN', '--auth-user', town.rahim.address, '--auth-password']
  const refused = (...words: string[]) =>
    run('swaks', [...common, ...words]).then(
      () => 'sent',
      ({ stdout }: { stdout: string }) => stdout,
    )
  assert.match(await refused(...login, 'wrong', '--from', town.rahim.address), /<~\*? +535 5\.7\.8 /)
  assert.match(await refused(...login, town.appPassword, '--from', karim.address), /<~\*? +553 5\.7\.1 /)
})

for (const [method, door, tls] of [
  ['scram-sha-256', 'submission', ['tls_starttls on']],
  ['plain', 'submissions', ['tls_starttls off']],
] as const)
  test(`msmtp sends with ${method} to the door ${door}`, async () => {
    const file = join(folder, `msmtp-${method}`)
    const lines = [
      'account ours',
      'host 127.0.0.1',
      `port ${town.office.ports[door]}`,
      'tls on',
      'tls_certcheck off',
      ...tls,
      `auth ${method}`,
      `user ${town.rahim.address}`,
      `password ${town.appPassword}`,
      `from ${town.rahim.address}`,
      'account default : ours',
      '',
    ]
    await writeFile(file, lines.join('\n'), { mode: 0o600 })
    const subject = `msmtp with ${method}`
    const sending = run('msmtp', ['-C', file, '--', karim.address])
    sending.child.stdin!.end(
      `From: ${town.rahim.address}\nTo: ${karim.address}\nSubject: ${subject}\n\nহ্যালো\n.\n`,
    )
    await sending
    const message = await arrivedWith(karim, subject)
    const { text } = await karim.mail.showMessageBody({ messageId: message.id })
    assert.equal(text?.replaceAll('\r\n', '\n'), 'হ্যালো\n.\n')
  })

test('mutt sends a subject and a file with Bengali names', async () => {
  const attached = join(folder, 'হিসাব.txt')
  await writeFile(attached, 'মোট ৫০০\n')
  const settings = [
    `set smtp_url="smtp://${encodeURIComponent(town.rahim.address)}@127.0.0.1:${town.office.ports.submission}/"`,
    `set smtp_pass="${town.appPassword}"`,
    'set smtp_authenticators="plain"',
    'set ssl_force_tls=yes',
    'set ssl_verify_host=no',
    'set ssl_verify_dates=no',
    `set certificate_file="${join(folder, 'certificates')}"`,
    `set from="${town.rahim.address}"`,
    'set use_from=yes use_envelope_from=yes copy=no charset=utf-8 send_charset=utf-8',
  ]
  await writeFile(join(folder, 'muttrc'), `${settings.join('\n')}\n`)
  await trustCertificate()
  const words = [
    '-x',
    '-n',
    '-F',
    join(folder, 'muttrc'),
    '-s',
    'মাসের হিসাব',
    '-a',
    attached,
    '--',
    karim.address,
  ]
  const sending = run('mutt', words, { env: { PATH: process.env.PATH, HOME: folder, LC_ALL: 'C.UTF-8' } })
  sending.child.stdin!.end('দেখে নিন।\n')
  await sending
  const message = await arrivedWith(karim, 'মাসের হিসাব')
  assert.deepEqual(
    message.attachments.map(({ fileName }) => fileName),
    ['হিসাব.txt'],
  )
  const { text } = await karim.mail.showMessageBody({ messageId: message.id })
  assert.match(text ?? '', /দেখে নিন।/)
})

/** What mutt would ask a person. */
async function trustCertificate(): Promise<void> {
  const asking = run('openssl', ['s_client', '-connect', `127.0.0.1:${town.office.ports.submissions}`])
  asking.child.stdin!.end()
  const { stdout } = await asking
  const certificate = /-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/.exec(stdout)?.[0] ?? ''
  await writeFile(join(folder, 'certificates'), `${certificate}\n`)
}
