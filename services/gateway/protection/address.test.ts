import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { clientAddress, parseAddress } from './address.ts'
import { rangeTable } from './ranges.ts'

test('addresses that are the same are written the same', () => {
  const cases: [text: string, canonical: string | undefined, group?: string][] = [
    ['203.0.113.9', '203.0.113.9', '203.0.113.9'],
    ['::ffff:203.0.113.9', '203.0.113.9', '203.0.113.9'],
    ['::FFFF:cb00:7109', '203.0.113.9', '203.0.113.9'],
    ['203.0.113.9:5060', '203.0.113.9', '203.0.113.9'],
    ['2001:DB8:0:7::1', '2001:db8:0:7::1', '2001:db8:0:7::/64'],
    ['2001:db8:0:7:ffff:ffff:ffff:ffff', '2001:db8:0:7:ffff:ffff:ffff:ffff', '2001:db8:0:7::/64'],
    ['[2001:db8::1]:443', '2001:db8::1', '2001:db8::/64'],
    ['[2001:db8::1]', '2001:db8::1', '2001:db8::/64'],
    ['fe80::1%eth0', 'fe80::1', 'fe80::/64'],
    ['::1', '::1', '::/64'],
    ['', undefined],
    ['unknown', undefined],
    ['_hidden', undefined],
    ['203.0.113', undefined],
    ['203.0.113.256', undefined],
    ['0x7f.1', undefined],
    ['0177.0.0.1', undefined],
    ['2130706433', undefined],
    ['203.0.113.9/24', undefined],
    ['2001:db8::1::', undefined],
    ['[2001:db8::1', undefined],
    ['203.0.113.9, 198.51.100.1', undefined],
  ]
  for (const [text, canonical, group] of cases) {
    const address = parseAddress(text)
    assert.equal(address?.text, canonical, text)
    assert.equal(address?.group, group, text)
  }
})

test('as many entries of X-Forwarded-For are believed as there are trusted proxies', () => {
  const cases: [trustedProxies: number, forwarded: string | undefined, client: string][] = [
    [0, '203.0.113.9', '10.0.0.1'],
    [1, undefined, '10.0.0.1'],
    [1, '203.0.113.9', '203.0.113.9'],
    [1, '198.51.100.1, 203.0.113.9', '203.0.113.9'],
    [2, '198.51.100.1, 203.0.113.9', '198.51.100.1'],
    [2, '192.0.2.7,198.51.100.1,203.0.113.9', '198.51.100.1'],
    [5, '198.51.100.1, 203.0.113.9', '198.51.100.1'],
    [1, '198.51.100.1, unknown', '10.0.0.1'],
    [2, 'unknown, 203.0.113.9', '203.0.113.9'],
    [2, ', 203.0.113.9', '203.0.113.9'],
    [1, '203.0.113.9,', '10.0.0.1'],
    [1, ' ', '10.0.0.1'],
    [1, '', '10.0.0.1'],
    [2, ',,,,', '10.0.0.1'],
    [1, '[2001:db8::7]:4711', '2001:db8::7'],
    [1, `${'198.51.100.1, '.repeat(1_000)}203.0.113.9`, '203.0.113.9'],
  ]
  for (const [trustedProxies, forwarded, client] of cases) {
    const headers = { 'x-forwarded-for': forwarded }
    const { text } = clientAddress({ socket: { remoteAddress: '::ffff:10.0.0.1' }, headers }, trustedProxies)
    assert.equal(text, client, `${trustedProxies} of ${String(forwarded).slice(0, 60)}`)
  }
})

test('whatever stands in X-Forwarded-For, there is a client, and a trusted entry can not be pushed away', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 80 }), fc.integer({ min: 1, max: 4 }), (forwarded, trustedProxies) => {
      const socket = { remoteAddress: '10.0.0.1' }
      assert.ok(clientAddress({ socket, headers: { 'x-forwarded-for': forwarded } }, trustedProxies).text)
      const headers = { 'x-forwarded-for': `${forwarded}, 203.0.113.9` }
      assert.equal(clientAddress({ socket, headers }, 1).text, '203.0.113.9')
    }),
  )
})

test('a range has the addresses of its prefix and no others', () => {
  const table = rangeTable(
    ['203.0.113.9', '198.51.100.0/24', '2001:db8::/32', '::ffff:192.0.2.128/121', '2001:db9::1'].map(
      (range) => [range, range] as const,
    ),
  )
  const cases: [address: string, range: string | undefined][] = [
    ['203.0.113.9', '203.0.113.9'],
    ['203.0.113.8', undefined],
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['198.51.100.0', '198.51.100.0/24'],
    ['198.51.100.255', '198.51.100.0/24'],
    ['198.51.101.0', undefined],
    ['2001:db8:ffff::1', '2001:db8::/32'],
    ['2001:db9::1', '2001:db9::1'],
    ['2001:db9::2', undefined],
    ['192.0.2.129', '::ffff:192.0.2.128/121'],
    ['192.0.2.127', undefined],
  ]
  for (const [address, range] of cases) assert.equal(table.find(parseAddress(address)!), range, address)
  const everything = rangeTable([
    ['0.0.0.0/0', 'IPv4'],
    ['::/0', 'all'],
  ] as const)
  assert.equal(everything.find(parseAddress('192.0.2.1')!), 'IPv4')
  assert.equal(everything.find(parseAddress('2001:db8::')!), 'all')
  for (const wrong of ['203.0.113.0/33', '2001:db8::/129', 'here', '', '203.0.113.0/', '1.2.3.4/-1'])
    assert.throws(() => rangeTable([[wrong, 1]]), wrong)
})

test('a look-up among 20,000 ranges costs what it costs among 200', () => {
  const ranges = Array.from({ length: 20_000 }, (_, i): [string, number] => [
    i % 2 === 0
      ? `10.${i >> 8}.${i & 255}.0/${16 + (i % 9)}`
      : `2001:db8:${i.toString(16)}::/${32 + (i % 33)}`,
    i,
  ])
  const addresses = Array.from({ length: 256 }, (_, i) => parseAddress(`192.0.2.${i}`)!)
  const cost = (table: ReturnType<typeof rangeTable>) => {
    const rounds = Array.from({ length: 30 }, () => {
      const startedAt = performance.now()
      for (const address of addresses) table.find(address)
      return performance.now() - startedAt
    })
    return Math.min(...rounds)
  }
  const [few, many] = [rangeTable(ranges.slice(0, 200)), rangeTable(ranges)]
  const ratio = cost(many) / cost(few)
  assert.ok(ratio < 10, `${ratio} times as much`)
})
