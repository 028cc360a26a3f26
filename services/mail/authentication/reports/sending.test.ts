import { deepEqual, equal } from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { startNameServer, type Zone } from '../../testing/name-server.ts'
import { openResolver } from '../resolver.ts'
import { verifyMessage } from '../verify.ts'
import { willingAddresses } from './destinations.ts'
import { aggregateRow, publishedPolicy } from './row.ts'

const zone: Zone = {
  'example.org': { TXT: ['v=spf1 ip4:192.0.2.7 -all'] },
  '_dmarc.example.org': {
    TXT: ['v=DMARC1; p=reject; adkim=s; rua=mailto:d@example.org,mailto:d@reports.example'],
  },
  'example.org._report._dmarc.reports.example': { TXT: ['v=DMARC1;'] },
}

test('what was found of a message is a row of a report', async () => {
  const { found, policy } = await verify('192.0.2.7')
  const seen = { sourceAddress: '192.0.2.7', envelopeFrom: 'example.org', disposition: 'none' } as const
  deepEqual(aggregateRow(found, seen), {
    sourceAddress: '192.0.2.7',
    count: 1,
    disposition: 'pass',
    dkim: 'fail',
    spf: 'pass',
    overrides: [],
    headerFrom: 'example.org',
    envelopeFrom: 'example.org',
    envelopeTo: '',
    signatures: [],
    senders: [{ domain: 'example.org', scope: 'mfrom', result: 'pass' }],
  })
  deepEqual(policy, {
    domain: 'example.org',
    p: 'reject',
    sp: '',
    np: '',
    adkim: 's',
    aspf: 'r',
    fo: '0',
    isTesting: false,
  })

  const forged = await verify('198.51.100.1')
  const override = { type: 'local_policy', comment: 'allowed by the person' } as const
  const row = aggregateRow(forged.found, { ...seen, override })
  deepEqual([row?.disposition, row?.spf, row?.overrides], ['none', 'fail', [override]])
})

test('mail of a domain without a policy is not reported on', async () => {
  const { found, policy } = await verify('192.0.2.7', 'example.net')
  equal(aggregateRow(found, { sourceAddress: '192.0.2.7', envelopeFrom: '', disposition: 'none' }), undefined)
  equal(policy, undefined)
})

test('reports go only to those who want them', async () => {
  await using server = await startNameServer(zone)
  using resolver = openResolver({ servers: [server.address] })
  const addresses = ['d@example.org', 'd@mail.example.org', 'd@reports.example', 'victim@example.com']
  deepEqual(await willingAddresses(addresses, 'example.org', resolver), addresses.slice(0, 3))
})

async function verify(address: string, domain = 'example.org') {
  await using server = await startNameServer(zone)
  using resolver = openResolver({ servers: [server.address] })
  const found = await verifyMessage(
    {
      open: () => Readable.from([]),
      client: { address, helo: 'mail.example.org' },
      mailFrom: 'ann@example.org',
      headers: [{ name: 'from', value: `ann@${domain}` }],
    },
    { resolver, authServId: 'mx.example.net' },
  )
  return { found, policy: publishedPolicy(found.dmarc) }
}
