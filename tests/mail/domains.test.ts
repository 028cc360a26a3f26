/** Domains and addresses as admins see to them. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { mail } from '#contracts/mail.ts'
import { eventually } from '#platform/testing/eventually.ts'
import { dial } from '#services/mail/smtp/testing.ts'
import { openPostOffice, type Person, type PostOffice } from './post-office.ts'

let office: PostOffice
let boss: Person
let clerk: Person
before(async () => {
  office = await openPostOffice({ zone: { 'ours.example': { MX: ['10 mail.ours.example'] } } })
  boss = await office.person('boss@ours.example')
  clerk = await office.person('clerk@ours.example')
})
after(() => office[Symbol.asyncDispose]())

const admin = () => office.host.client(mail, { kind: 'service', name: 'test' })

async function bring(to: string, subject: string, code = 250): Promise<void> {
  using client = await dial(office.ports.receive)
  await client.command('EHLO x.example', 250)
  await client.command('MAIL FROM:<a@sender.example>', 250)
  await client.command(`RCPT TO:<${to}>`, code)
  if (code !== 250) return
  await client.command('DATA', 354)
  client.send(`From: a@sender.example\r\nSubject: ${subject}\r\n\r\nx\r\n.\r\n`)
  await client.expect(250)
}

const subjects = async (person: Person) => {
  const threads = [...(await person.threads('inbox')), ...(await person.threads('junk'))]
  return threads.map(({ subject }) => subject)
}

test('a domain tells its records, and which of them stand', async () => {
  await eventually(async () => (await admin().listMailDomains({})).items.length > 0)
  const { records } = await admin().checkMailDomain({ name: 'ours.example' })
  const state = (purpose: string) =>
    records.filter((record) => record.purpose === purpose).map((record) => record.state)
  assert.deepEqual(state('mx'), ['present'])
  assert.deepEqual(state('dkim'), ['missing', 'missing'])
  assert.match(records.find(({ purpose }) => purpose === 'spf')!.value, /^v=spf1 /)
  const { policy } = await admin().showMtaStsPolicy({ domain: 'ours.example' })
  assert.match(policy, /^version: STSv1\r\nmode: testing\r\nmx: mail\.ours\.example\r\n/)
  await assert.rejects(admin().showMtaStsPolicy({ domain: 'other.example' }), { code: 'notFound' })
})

test('an alias, a group, plus-addresses and the catch-all lead to people', async () => {
  const alias = { address: 'Sales@ours.example', kind: 'alias' as const, accountIds: [clerk.accountId] }
  assert.equal((await admin().saveAddress(alias)).address, 'sales@ours.example')
  const team = {
    address: 'team@ours.example',
    kind: 'group' as const,
    accountIds: [boss.accountId, clerk.accountId],
  }
  await admin().saveAddress(team)
  await bring('sales@ours.example', 'by alias')
  await bring('team@ours.example', 'by group')
  await bring('boss+orders@ours.example', 'by plus')
  await bring('anything@ours.example', 'nobody', 550)
  await admin().changeMailDomain({ name: 'ours.example', catchAll: boss.accountId })
  await bring('anything@ours.example', 'by catch-all')
  assert.deepEqual((await subjects(clerk)).toSorted(), ['by alias', 'by group'])
  assert.deepEqual((await subjects(boss)).toSorted(), ['by catch-all', 'by group', 'by plus'])
  await admin().deleteAddress({ address: 'sales@ours.example' })
  const own = { address: clerk.address, kind: 'alias' as const, accountIds: [boss.accountId] }
  await assert.rejects(admin().saveAddress(own), { code: 'addressTaken' })
  await assert.rejects(admin().saveAddress({ ...alias, address: 'a@elsewhere.example' }), {
    code: 'badAddress',
  })
})

test('a person sends from an alias, and from nobody else’s', async () => {
  await admin().saveAddress({ address: 'office@ours.example', kind: 'alias', accountIds: [boss.accountId] })
  const letter = { to: clerk.address, subject: 'from the office', message: 'x' }
  await boss.mail.sendMail({ ...letter, from: 'office@ours.example' })
  await eventually(async () => (await subjects(clerk)).includes('from the office'))
  await assert.rejects(clerk.mail.sendMail({ ...letter, from: 'office@ours.example' }), {
    code: 'notYourAddress',
  })
})

test('postmaster is read by somebody, whoever set the place up', async () => {
  await admin().changeMailDomain({ name: 'ours.example', catchAll: null })
  await bring('postmaster@ours.example', 'to the postmaster')
  await bring('Postmaster', 'to the postmaster, plainly')
  assert.ok((await subjects(boss)).filter((subject) => subject.startsWith('to the postmaster')).length === 2)
})
