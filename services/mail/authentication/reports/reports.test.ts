import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { gunzipSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import type { AggregateReport, AggregateRow } from './aggregate.ts'
import { readReport } from './read.ts'
import { writeTlsReport, type TlsReport } from './tls.ts'
import { aggregateXml, writeAggregateReport } from './write-aggregate.ts'

const row: AggregateRow = {
  sourceAddress: '192.0.2.7',
  count: 12,
  disposition: 'quarantine',
  dkim: 'fail',
  spf: 'pass',
  overrides: [{ type: 'mailing_list', comment: 'a < b & "c"' }],
  headerFrom: 'example.org',
  envelopeFrom: 'bounces.example.org',
  envelopeTo: 'example.net',
  signatures: [
    { domain: 'example.org', selector: 's1', result: 'fail' },
    { domain: 'list.example', selector: 's2', result: 'pass' },
  ],
  senders: [{ domain: 'bounces.example.org', scope: 'mfrom', result: 'pass' }],
}

const report: AggregateReport = {
  organisation: 'Example & Söhne',
  email: 'dmarc@example.net',
  reportId: '20261121.1@example.net',
  begin: new Date('2026-11-20T00:00:00Z'),
  end: new Date('2026-11-20T23:59:59Z'),
  errors: ['one error'],
  policy: {
    domain: 'example.org',
    p: 'reject',
    sp: 'none',
    np: '',
    adkim: 's',
    aspf: 'r',
    fo: '1',
    isTesting: true,
  },
  rows: [row, { ...row, sourceAddress: '2001:db8::1', overrides: [], signatures: [], envelopeTo: '' }],
  isCut: false,
}

const tlsReport: TlsReport = {
  organisation: 'Example',
  contact: 'tls@example.net',
  reportId: '1@example.net',
  begin: new Date('2026-11-20T00:00:00Z'),
  end: new Date('2026-11-20T23:59:59Z'),
  policies: [
    {
      type: 'sts',
      domain: 'example.org',
      policy: ['version: STSv1', 'mode: enforce'],
      mxHosts: ['mail.example.org'],
      successes: 5326,
      failures: 3,
      details: [
        {
          result: 'certificate-expired',
          sendingAddress: '192.0.2.7',
          receivingHost: 'mail.example.org',
          receivingAddress: '192.0.2.1',
          count: 3,
          reason: 'X509_V_ERR',
        },
      ],
    },
  ],
}

test('an aggregate report comes back as it was written', async () => {
  const file = await writeAggregateReport(report, 'mx.example.net')
  deepEqual(await readReport(file.bytes), { kind: 'dmarc', report })
  equal(file.fileName, 'mx.example.net!example.org!1795132800!1795219199!20261121.1@example.net.xml.gz')
  equal(
    file.subject,
    'Report Domain: example.org Submitter: mx.example.net Report-ID: <20261121.1@example.net>',
  )
  match(gunzipSync(file.bytes).toString(), /<org_name>Example &#38; Söhne<\/org_name>/)
})

test('a TLS report comes back as it was written', async () => {
  const file = await writeTlsReport(tlsReport, 'example.net')
  deepEqual(await readReport(file.bytes), { kind: 'tls', report: tlsReport })
  equal(file.fileName, 'example.net!example.org!1795132800!1795219199!1@example.net.json.gz')
  equal(file.mediaType, 'application/tlsrpt+gzip')
})

test('reports are read from zip files, deflated and stored, and plain', async () => {
  const xml = aggregateXml(report)
  for (const flag of ['-9', '-0'])
    deepEqual(await readReport(zipped(xml, flag)), { kind: 'dmarc', report }, flag)
  deepEqual(await readReport(Buffer.from(`\uFEFF${xml}`)), { kind: 'dmarc', report })
  const broken = zipped(xml, '-0')
  broken[60]! ^= 1
  deepEqual(await readReport(broken), { kind: 'none', fault: 'damaged' })
})

test('the older form of RFC 7489 and prefixes are read too', async () => {
  const xml = `<?xml version="1.0"?><!-- made by hand -->
    <d:feedback xmlns:d="http://dmarc.org/dmarc-xml/0.1"><d:report_metadata><d:org_name><![CDATA[A & B]]></d:org_name>
    <d:date_range><d:begin>1795132800</d:begin><d:end>1795219199</d:end></d:date_range></d:report_metadata>
    <d:policy_published><d:domain>Example.ORG</d:domain><d:p>none</d:p><d:pct>100</d:pct></d:policy_published>
    <d:record><d:row><d:source_ip>192.0.2.1</d:source_ip><d:count>2</d:count><d:policy_evaluated/></d:row>
    <d:identifiers><d:header_from>example.org</d:header_from></d:identifiers></d:record>
    <d:record><d:row><d:source_ip>nonsense</d:source_ip><d:count>2</d:count></d:row></d:record></d:feedback>`
  const found = await readReport(Buffer.from(xml))
  ok(found.kind === 'dmarc')
  deepEqual(
    [
      found.report.organisation,
      found.report.policy.domain,
      found.report.rows.length,
      found.report.rows[0]?.count,
    ],
    ['A & B', 'example.org', 1, 2],
  )
})

test('bombs, entities and nonsense are refused soon', async () => {
  const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024))
  const started = performance.now()
  deepEqual(await readReport(bomb), { kind: 'none', fault: 'tooLarge' })
  deepEqual(await readReport(Buffer.alloc(11 * 1024 * 1024)), { kind: 'none', fault: 'tooLarge' })
  const laughs = '<!DOCTYPE f [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><feedback>&b;</feedback>'
  const faults: [string, string][] = [
    [laughs, 'damaged'],
    ['<feedback>&b;</feedback>', 'damaged'],
    ['<feedback>&#xffffffff;</feedback>', 'damaged'],
    ['<feedback><a></b></feedback>', 'damaged'],
    ['<feedback>', 'damaged'],
    ['<feedback/><feedback/>', 'damaged'],
    ['<feedback/>', 'notAReport'],
    [`${'<a>'.repeat(300_000)}`, 'damaged'],
    [`<a ${'b="c" '.repeat(300_000)}>`, 'damaged'],
    ['<a'.repeat(1_000_000), 'damaged'],
    [`<a>${'&'.repeat(3_000_000)}</a>`, 'damaged'],
    ['<!--'.repeat(1_000_000), 'damaged'],
    ['{', 'damaged'],
    ['{}', 'notAReport'],
    ['{"policies":[]}', 'notAReport'],
    [`${'{"a":'.repeat(100_000)}`, 'damaged'],
    ['', 'notAReport'],
    ['PK\u0003\u0004 and no more', 'damaged'],
  ]
  for (const [text, fault] of faults)
    deepEqual(await readReport(Buffer.from(text)), { kind: 'none', fault }, text.slice(0, 60))
  ok(performance.now() - started < 4000, `${performance.now() - started} ms`)
})

test('a report of ten megabytes is read without holding others up', async () => {
  const many: AggregateReport = { ...report, rows: Array.from({ length: 12_000 }, () => row) }
  const xml = aggregateXml(many)
  ok(xml.length > 6_000_000 && xml.length < 10_000_000, String(xml.length))
  const bytes = Buffer.from(xml)
  let longest = 0
  let last = performance.now()
  const timer = setInterval(() => {
    longest = Math.max(longest, performance.now() - last)
    last = performance.now()
  }, 1)
  const found = await readReport(bytes)
  clearInterval(timer)
  ok(found.kind === 'dmarc' && found.report.rows.length === 12_000)
  ok(longest < 500, `${longest} ms`)
})

test('any octets give a report or a fault', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 200 }),
      fc.constantFrom('', '<', '{', '\u001f\u008b', 'PK\u0003\u0004'),
      async (octets, start) => {
        const { kind } = await readReport(Buffer.concat([Buffer.from(start, 'latin1'), octets]))
        ok(['dmarc', 'tls', 'none'].includes(kind))
      },
    ),
  )
})

function zipped(xml: string, flag: string): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'zip-'))
  try {
    writeFileSync(join(folder, 'report.xml'), xml)
    const program =
      'import sys,zipfile;z=zipfile.ZipFile(sys.argv[1],"w",8 if sys.argv[3]=="-9" else 0);z.write(sys.argv[2],"report.xml");z.close()'
    execFileSync('/usr/bin/python3', ['-c', program, join(folder, 'r.zip'), join(folder, 'report.xml'), flag])
    return readFileSync(join(folder, 'r.zip'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}
