import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import bcrypt from 'bcrypt'
import fc from 'fast-check'
import { sql } from 'kysely'
import { identity } from '#contracts/identity.ts'
import { openBlobs } from '#platform/blobs/open.ts'
import { openDatabase } from '#platform/database/pool.ts'
import type { Database } from '#platform/database/database.ts'
import { testHost, type TestHost } from '#platform/testing/host.ts'
import identityService from '#services/identity/service.ts'
import { hashPassword } from '#services/identity/sign-in/passwords.ts'
import { password } from '#services/identity/testing.ts'

let host: TestHost
let database: ReturnType<typeof openDatabase>
let db: Database
before(async () => {
  host = await testHost({ services: [identityService] })
  database = openDatabase({ url: host.databaseUrl })
  db = database.forService('identity')
})
after(async () => {
  await database[Symbol.asyncDispose]()
  await host[Symbol.asyncDispose]()
})

async function uploaded(content: string | Buffer) {
  await using uploads = await openBlobs(`file://${host.dataDirectory}/blobs/uploads`, {})
  const { id: blob, sizeBytes } = await uploads.put(Buffer.from(content))
  return { blob, sizeBytes, mediaType: 'text/csv' }
}

const admin = () => host.client(identity)

async function run(content: string | Buffer, isDryRun = false) {
  const upload = await uploaded(content)
  return admin().importAccounts({ upload, isDryRun: String(isDryRun) as 'true' })
}

/** The dry run, which has to say the same and leave nothing, and then the real one. */
async function runTwice(content: string | Buffer) {
  const before = await everything()
  const dry = await run(content, true)
  assert.deepEqual(await everything(), before, 'a dry run writes nothing')
  const real = await run(content)
  assert.deepEqual({ ...dry, isDryRun: false }, real)
  return real
}

async function everything() {
  const { rows } = await sql<{ counts: number[] }>`
    select array[(select count(*) from accounts), (select count(*) from passwords)]::int[] as counts`.execute(
    db,
  )
  return rows[0]!.counts
}

const find = async (search: string) => (await admin().listAccounts({ search })).items

async function signsIn(userid: string, secret: string): Promise<boolean> {
  return host
    .client(identity, { kind: 'anonymous' })
    .login({ userid, password: secret })
    .then(
      () => true,
      ({ code }) => {
        assert.equal(code, 'wrongCredentials')
        return false
      },
    )
}

test('a table of another program becomes accounts that keep their passwords', async () => {
  const hash = (await bcrypt.hash('from the old system', 4)).replace('$2b$', '$2a$')
  const report = await runTwice(
    [
      'id,email,first_name,last_name,password,user_active,created_at,updated_at',
      `1,Old.Customer@example.com,Old,Customer,${hash},1,2022-03-14 00:00:00,2022-03-14 00:00:00`,
      `2,Gone@example.com,Gone,"van ""der"" Berg",${hash},0,2022-03-14 10:20:30+06,`,
      `3,mailbox@localhost,With,Mailbox,${hash},t,,`,
    ].join('\r\n'),
  )
  assert.deepEqual(report, { isDryRun: false, rows: 3, created: 3, skipped: 0, failed: 0, problems: [] })
  const [old] = await find('old.customer')
  assert.deepEqual(
    [old!.email, old!.name, old!.roles, old!.isEmailVerified, old!.createdAt],
    ['old.customer@example.com', 'Old Customer', ['customer'], false, '2022-03-14T00:00:00.000Z'],
  )
  const [gone] = await find('gone@')
  assert.deepEqual([gone!.isDisabled, gone!.name], [true, 'Gone van "der" Berg'])
  assert.equal(gone!.createdAt, '2022-03-14T04:20:30.000Z')
  const [mailbox] = await find('mailbox@')
  assert.deepEqual([mailbox!.userid, mailbox!.email], ['mailbox@localhost', null])
  assert.equal(await signsIn('old.customer@example.com', 'from the old system'), true)
  assert.equal(await signsIn('mailbox', 'from the old system'), true)
  assert.equal(await signsIn('gone@example.com', 'from the old system'), false)
})

test('passwords come as they are typed, as Argon2id and as bcrypt', async () => {
  const argon2 = await hashPassword('kept as argon2')
  const report = await runTwice(
    [
      '\u{feff}UserID;Name;Password;Password Hash;Roles;Language;Phone',
      `plain;Plain;${password};;staff, customer;bn;01712345678`,
      `argon;Argon;;${argon2};;EN;`,
      `argon2;Other column;"${argon2}";;;;`,
      `none;"No; password";;;;;`,
    ].join('\n'),
  )
  assert.deepEqual([report.created, report.problems], [4, []])
  assert.equal(await signsIn('plain', password), true)
  assert.equal(await signsIn('argon', 'kept as argon2'), true)
  assert.equal(await signsIn('argon2', 'kept as argon2'), true)
  assert.equal(await signsIn('none', ''.padEnd(8, ' ')), false)
  const [plain] = await find('plain@')
  assert.deepEqual(
    [plain!.roles.toSorted(), plain!.language, plain!.phone],
    [['customer', 'staff'], 'bn', '+8801712345678'],
  )
  assert.equal((await find('none@'))[0]!.name, 'No; password')
  const { rows } = await sql`select from passwords where hash like ${`%${password}%`}`.execute(db)
  assert.equal(rows.length, 0)
})

test('what is wrong is told by line and field, and stops no other row', async () => {
  await admin().createAccount({ userid: 'taken.one', email: 'taken@example.com', name: 'X' })
  const retired = await admin().createAccount({ userid: 'retired', email: 'retired@example.com', name: 'X' })
  await admin().eraseAccount({ accountId: retired.id })
  const report = await runTwice(
    [
      'userid,email,name,phone,roles,language,active,password,created_at',
      'good1,,Good,,,,,,',
      'no spaces here,,X,,,,,,',
      ',not-an-address,X,,,,,,',
      ',,X,,,,,,',
      'nameless,,,,,,,,',
      'phone,,X,12,,,,,',
      'roles,,X,,king,,,,',
      'language,,X,,,fr,,,',
      'active,,X,,,,perhaps,,',
      'weak,,X,,,,,password123,',
      'short,,X,,,,,short,',
      'md5,,X,,,,,$1$abcdefgh$0123456789012345678901,',
      'expensive,,X,,,,,$2b$20$abcdefghijklmnopqrstuuabcdefghijklmnopqrstuabcdefghij,',
      'future,,X,,,,,,2999-01-01',
      'taken_one,,X,,,,,,',
      'taken.one,,X,,,,,,',
      'other,taken@example.com,X,,,,,,',
      'ret.ired,,X,,,,,,',
      'ret_ired,,X,,,,,,',
      'postmaster,,X,,,,,,',
      'sales,,X,,,,,,',
      'good1,,Twice,,,,,,',
      'elsewhere@other.example,,X,,,,,,',
      'too,few',
      'too,many,X,,,,,,,,,,',
      'two,wrong@,,nothing,,,,,',
      'good2,,Good,,,,,,',
    ].join('\n'),
  )
  assert.deepEqual(
    report.problems.map(({ line, field }) => `${line} ${field}`),
    (
      '3 userid,4 email,5 email,6 name,7 phone,8 roles,9 language,10 active,11 password,12 password,' +
      '13 password,14 password,15 created_at,16 userid,19 userid,20 userid,21 userid,24 userid,25 ,26 ,' +
      '27 email,27 name,27 phone'
    ).split(','),
  )
  assert.deepEqual(
    { ...report, problems: [] },
    { isDryRun: false, rows: 27, created: 3, skipped: 3, failed: 21, problems: [] },
  )
  assert.deepEqual((await find('good')).map(({ userid }) => userid).toSorted(), [
    'good1@localhost',
    'good2@localhost',
  ])
})

test('running it again skips everybody', async () => {
  const content = 'email,name\na@again.example,A\nb@again.example,B\n'
  assert.deepEqual((await runTwice(content)).created, 2)
  const again = await runTwice(content)
  assert.deepEqual([again.created, again.skipped, again.failed], [0, 2, 0])
})

test('only an owner imports admins', async () => {
  const roles: 'admin'[] = ['admin']
  const as = {
    kind: 'account',
    accountId: crypto.randomUUID(),
    sessionId: crypto.randomUUID(),
    roles,
  } as const
  const upload = await uploaded('userid,name,roles\nboss,Boss,owner\nclerk,Clerk,staff\n')
  const report = await host.client(identity, as).importAccounts({ upload })
  assert.deepEqual([report.created, report.problems.map(({ field }) => field)], [1, ['roles']])
})

test('a file that is no table is refused, and a broken one makes no bug', async () => {
  for (const content of ['', 'userid,name\n', '\n\n'])
    await assert.rejects(run(content), { code: 'invalid' }, JSON.stringify(content))
  await assert.rejects(
    admin().importAccounts({ upload: { blob: '0'.repeat(64), sizeBytes: 1, mediaType: 'text/csv' } }),
    { code: 'invalid' },
  )
  const open = await run('userid,name\n"unclosed,X\nquoted,Y\n')
  assert.equal(open.created, 0)
  const piece = fc.constantFrom(
    'userid',
    'email',
    'name',
    ',',
    ';',
    '\t',
    '\n',
    '\r\n',
    '"',
    '\\N',
    'a@b.cd',
    'x',
    '\u{feff}',
    '\0',
    'é',
  )
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 40 }), async (pieces) => {
      await run(pieces.join(''), true).catch(({ code }) => assert.equal(code, 'invalid'))
    }),
    { numRuns: 150 },
  )
})

test('UTF-16 with a byte order mark is read, as spreadsheets write it', async () => {
  const text = '\u{feff}email\tname\nutf16@example.com\tরহিম\n'
  const report = await runTwice(Buffer.from(text, 'utf16le'))
  assert.equal(report.created, 1)
  assert.equal((await find('utf16'))[0]!.name, 'রহিম')
})

test(
  'ten thousand rows with hashes take seconds, and more than a thousand passwords are refused',
  { timeout: 240_000 },
  async (t) => {
    const hash = await bcrypt.hash('the old one', 4)
    const rows = Array.from({ length: 10_000 }, (_, i) => `many${i}@many.example,Person ${i},${hash}`)
    const content = ['email,name,password', ...rows].join('\n')
    for (const isDryRun of [true, false]) {
      const startedAt = performance.now()
      assert.equal((await run(content, isDryRun)).created, 10_000)
      t.diagnostic(
        `10,000 hashes${isDryRun ? ', dry' : ''}: ${((performance.now() - startedAt) / 1000).toFixed(1)} s`,
      )
    }
    const plain = Array.from(
      { length: 1_001 },
      (_, i) => `plain${i}@many.example,Person,a secret of ${i} letters`,
    )
    const startedAt = performance.now()
    assert.equal((await run(['email,name,password', ...plain.slice(0, 100)].join('\n'))).created, 100)
    t.diagnostic(`100 passwords: ${((performance.now() - startedAt) / 1000).toFixed(1)} s`)
    await assert.rejects(run(['email,name,password', ...plain].join('\n')), { code: 'invalid' })
  },
)
