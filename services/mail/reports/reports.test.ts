import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { after, test } from 'node:test'
import { sql } from 'kysely'
import { v7 } from 'uuid'
import { takeIn } from '../arrival/take-in.ts'
import type { AggregateReport } from '../authentication/reports/aggregate.ts'
import { readReport } from '../authentication/reports/read.ts'
import { writeAggregateReport } from '../authentication/reports/write-aggregate.ts'
import { writeTlsReport } from '../authentication/reports/tls.ts'
import { openResolver } from '../authentication/resolver.ts'
import type { Authentication } from '../authentication/verify.ts'
import { decodeBytes } from '../mime/decode.ts'
import { parseMessage } from '../mime/parse.ts'
import { findPart } from '../mime/structure.ts'
import { insertMessages } from '../store/arrivals.ts'
import { listReports } from '../store/reports.ts'
import { countTlsResult } from '../store/sts-policies.ts'
import { startNameServer } from '../testing/name-server.ts'
import { transferScene } from '../transfers/testing.ts'
import { readReports } from './receive.ts'
import { reportMail } from './report-mail.ts'
import { openSeenMail, seenMail } from './seen.ts'
import { reportAll } from './send.ts'

const scene = await transferScene()
after(() => scene[Symbol.asyncDispose]())
const { db, blobs } = scene.tools

const policy = {
  domain: 'ours.example',
  p: 'reject',
  sp: '',
  np: '',
  adkim: 'r',
  aspf: 'r',
  fo: '0',
  isTesting: false,
}
const row = {
  sourceAddress: '192.0.2.7',
  count: 12,
  disposition: 'reject',
  dkim: 'fail',
  spf: 'fail',
  overrides: [],
  headerFrom: 'ours.example',
  envelopeFrom: '',
  envelopeTo: '',
  signatures: [],
  senders: [],
}
const day = { begin: new Date('2026-11-20T00:00:00Z'), end: new Date('2026-11-20T23:59:59Z') }

function aggregate(domain: string): AggregateReport {
  return {
    organisation: 'Far',
    email: 'p@far.example',
    reportId: 'r1',
    ...day,
    errors: [],
    isCut: false,
    policy: {
      ...policy,
      domain,
    },
    rows: [row],
  }
}

async function arrive(bytes: Buffer, account: string, authentication?: object): Promise<string> {
  const taken = await takeIn(
    blobs,
    (async function* () {
      yield bytes
    })(),
    1e7,
  )
  const message = {
    accountId: account,
    blob: taken.blob,
    trace: `X: ${v7()}\r\n`,
    parsed: taken.parsed,
    receivedAt: new Date('2026-11-01'),
    roles: ['inbox'],
    category: 'updates',
    categoryReasons: [],
    isOwn: true,
  } as const
  const [outcome] = await db
    .transaction()
    .execute((tx) =>
      insertMessages(tx, [
        { ...message, ...(authentication && { authentication: authentication as never }) },
      ]),
    )
  return outcome!.state === 'kept' ? outcome!.id : ''
}

test('reports that come to postmaster are read once, those about others and forged ones never', async () => {
  const account = await scene.addAccount('rahima@ours.example')
  const mailOf = async (domain: string, to = 'postmaster@ours.example') =>
    reportMail({
      kind: 'dmarc',
      file: await writeAggregateReport(aggregate(domain), 'far.example'),
      domain,
      submitter: 'far.example',
      to: [to],
      at: new Date(),
    })
  const good = await mailOf('ours.example')
  const forged = await arrive(good, account, { dmarc: { result: 'fail' } })
  const ids = [
    await arrive(await mailOf('others.example'), account),
    await arrive(await mailOf('ours.example', 'rahima@ours.example'), account),
    await arrive(Buffer.from('From: a@b.example\r\nTo: postmaster@ours.example\r\n\r\nNo report'), account),
  ]
  const tls = {
    organisation: 'Far',
    contact: '',
    reportId: 't1',
    ...day,
    policies: [
      {
        type: 'sts',
        domain: 'ours.example',
        policy: [],
        mxHosts: [],
        successes: 5,
        failures: 1,
        details: [
          {
            result: 'certificate-expired',
            sendingAddress: '',
            receivingHost: 'mx',
            receivingAddress: '',
            count: 1,
            reason: '',
          },
        ],
      },
    ],
  }
  ids.push(
    await arrive(
      reportMail({
        kind: 'tls',
        file: await writeTlsReport(tls, 'far.example'),
        domain: 'ours.example',
        submitter: 'far.example',
        to: ['Postmaster@ours.example'],
        at: new Date(),
      }),
      account,
    ),
  )
  const read = (some: string[]) => db.transaction().execute((tx) => readReports(scene.tools, tx, some))
  equal(await read([forged]), 0)
  equal(await read([...ids, await arrive(good, account)]), 2)
  equal(await read([await arrive(good, account)]), 0)
  deepEqual(await listReports(db, 'ours.example', 365), {
    dmarc: [
      {
        day: '2026-11-20',
        reporter: 'Far',
        sourceAddress: '192.0.2.7',
        messages: 12,
        disposition: 'reject',
        dkim: 'fail',
        spf: 'fail',
      },
    ],
    tls: [
      {
        day: '2026-11-20',
        reporter: 'Far',
        policy: 'sts',
        successes: 5,
        failures: 1,
        failureTypes: ['certificate-expired'],
      },
    ],
  })
})

const authentication = (domain: string, result: 'pass' | 'fail', reportTo: string[]) =>
  ({
    spf: { result: 'pass', domain: 'bounce.far.example', identity: 'mailFrom' },
    dkim: [{ domain, selector: 's', result }],
    dmarc: {
      result,
      domain,
      policy: 'quarantine',
      policyDomain: domain,
      spfAligned: false,
      dkimAligned: result === 'pass',
      record: {
        p: 'quarantine',
        adkim: 'r',
        aspf: 'r',
        psd: 'u',
        isTesting: false,
        fo: '0',
        reportTo,
      },
    },
    arc: { result: 'none', sealers: [] },
  }) as unknown as Authentication

test('what came of other domains is reported the day after to those that want it, and once', async () => {
  await using names = await startNameServer({
    '_dmarc.far.example': { TXT: ['v=DMARC1; p=quarantine; rua=mailto:d@far.example'] },
    '_smtp._tls.far.example': { TXT: ['v=TLSRPTv1; rua=mailto:tls@far.example,https://far.example/x'] },
    'far.example': { A: ['192.0.2.1'] },
  })
  using resolver = openResolver({ servers: [names.address], timeoutMs: 1_000 })
  const at = new Date('2026-11-19T12:00:00Z')
  {
    await using seen = openSeenMail(scene.tools)
    const note = (
      result: 'pass' | 'fail',
      domain = 'far.example',
      to = ['d@far.example', 'victim@elsewhere.example'],
    ) => {
      const found = authentication(domain, result, to)
      const facts = {
        sourceAddress: '192.0.2.9',
        sender: 'x@bounce.far.example',
        isRefused: false,
        isJunk: result === 'fail',
      }
      seen.noteAuthenticated(found, seenMail(found, facts), at)
    }
    note('pass')
    note('pass')
    note('fail')
    note('pass', 'quiet.example', [])
    note('pass', 'ours.example')
  }
  await countTlsResult(db, at, {
    domain: 'far.example',
    policy: 'no-policy-found',
    server: 'mx.far.example',
    failure: '',
  })
  const tools = { ...scene.tools, domain: 'ours.example', resolver }
  equal(await reportAll(tools, new Date('2026-11-19T23:59:00Z')), 0)
  equal(await reportAll(tools, new Date('2026-11-20T12:00:00Z')), 2)
  equal(await reportAll(tools, new Date('2026-11-20T12:10:00Z')), 0)

  const { rows } = await sql<{ address: string; blob: string; sender: string }>`
    select r.address, s.blob, s.sender from submissions s join recipients r on r.submission_id = s.id order by 1`.execute(
    db,
  )
  deepEqual(
    rows.map(({ address, sender }) => [address, sender]),
    [
      ['d@far.example', ''],
      ['tls@far.example', ''],
    ],
  )
  const [dmarc, tls] = await Promise.all(
    rows.map(async ({ blob }) => {
      const bytes = Buffer.concat((await (await blobs.get(blob))!.toArray()) as Buffer[])
      const parsed = parseMessage(bytes)
      deepEqual(parsed.oddities, [])
      equal(parsed.envelope.from[0]?.address, 'postmaster@ours.example')
      match(parsed.envelope.subject, /^Report Domain: far\.example Submitter: ours\.example/)
      const part = findPart(parsed.structure, '2')!
      return readReport(decodeBytes(bytes.subarray(part.start, part.end), part.encoding))
    }),
  )
  ok(dmarc?.kind === 'dmarc' && tls?.kind === 'tls')
  deepEqual(
    dmarc.report.rows.map(({ count, disposition, dkim }) => [count, disposition, dkim]),
    [
      [2, 'pass', 'pass'],
      [1, 'quarantine', 'fail'],
    ],
  )
  deepEqual([tls.report.policies[0]?.successes, tls.report.policies[0]?.domain], [1, 'far.example'])
  const { rows: left } = await sql`select from seen_authentications`.execute(db)
  equal(left.length, 0)
})
