import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { openResolver } from '../authentication/resolver.ts'
import { startNameServer, type Zone } from '../testing/name-server.ts'
import { networkRule } from './networks.ts'
import { routeTo, type Route } from './routing.ts'
import { delayNoticeMs, giveUpMs, nextAttempt } from './schedule.ts'

async function routed(zone: Zone, domain: string, allowed = '127.0.0.0/8'): Promise<Route> {
  await using names = await startNameServer(zone)
  using resolver = openResolver({ servers: [names.address], timeoutMs: 300 })
  return await routeTo(domain, {
    resolver,
    hostName: 'mail.ours.example',
    isAllowed: networkRule(allowed),
    random: () => 0.5,
  })
}
const status = (route: Route) => ('status' in route ? route.status : undefined)
const hosts = (route: Route) => ('hosts' in route ? route.hosts.map(({ name }) => name) : undefined)

describe('routes', () => {
  test('hosts by preference, each with its addresses, IPv4 first', async () => {
    const route = await routed(
      {
        'd.example': { MX: ['20 b.example', '10 a.example', '30 c.example'] },
        'a.example': { AAAA: ['2606:4700::1'], A: ['127.0.0.2', '127.0.0.3'] },
        'b.example': { A: ['127.0.0.4'] },
      },
      'd.example',
    )
    assert.deepEqual(route, {
      hosts: [
        { name: 'a.example', addresses: ['127.0.0.2', '127.0.0.3', '2606:4700::1'] },
        { name: 'b.example', addresses: ['127.0.0.4'] },
      ],
    })
  })

  test('equal preferences are drawn by lot', async () => {
    const zone: Zone = {
      'd.example': { MX: ['10 a.example', '10 b.example'] },
      'a.example': { A: ['127.0.0.2'] },
      'b.example': { A: ['127.0.0.3'] },
    }
    await using names = await startNameServer(zone)
    using resolver = openResolver({ servers: [names.address] })
    const rules = { resolver, hostName: 'x', isAllowed: () => true }
    const firsts = new Set<string>()
    for (let n = 0; n < 60; n++) firsts.add(hosts(await routeTo('d.example', rules))![0]!)
    assert.equal(firsts.size, 2)
  })

  test('without MX the domain itself is the server', async () =>
    assert.deepEqual(hosts(await routed({ 'd.example': { A: ['127.0.0.2'] } }, 'd.example')), ['d.example']))

  test('null MX takes no mail, no domain neither', async () => {
    assert.equal(
      status(await routed({ 'd.example': { MX: ['0 .'], A: ['127.0.0.2'] } }, 'd.example')),
      '5.1.10',
    )
    assert.equal(status(await routed({}, 'd.example')), '5.1.2')
    assert.equal(status(await routed({ 'd.example': { TXT: ['x'] } }, 'd.example')), '5.4.4')
  })

  test('name servers that are silent or broken are asked again later', async () => {
    assert.equal(status(await routed({ 'd.example': { MX: 'SERVFAIL' } }, 'd.example')), '4.4.3')
    assert.equal(status(await routed({ 'd.example': 'TIMEOUT' }, 'd.example')), '4.4.3')
    const zone: Zone = { 'd.example': { MX: ['10 a.example'] }, 'a.example': 'SERVFAIL' }
    assert.equal(status(await routed(zone, 'd.example')), '4.4.3')
  })

  test('servers that are no better than ourselves are left out; where we are the best, it is a circle', async () => {
    const zone: Zone = {
      'd.example': { MX: ['10 a.example', '20 mail.ours.example', '20 b.example', '30 c.example'] },
      'e.example': { MX: ['10 Mail.Ours.Example'] },
      'a.example': { A: ['127.0.0.2'] },
      'b.example': { A: ['127.0.0.2'] },
      'c.example': { A: ['127.0.0.2'] },
    }
    assert.deepEqual(hosts(await routed(zone, 'd.example')), ['a.example'])
    assert.equal(status(await routed(zone, 'e.example')), '5.4.6')
  })

  test('private addresses are no servers unless they are allowed', async () => {
    const zone: Zone = {
      'd.example': { MX: ['10 a.example'] },
      'a.example': { A: ['10.0.0.1', '192.168.1.1'], AAAA: ['::1', 'fd00::1'] },
    }
    assert.equal(status(await routed(zone, 'd.example', '')), '5.4.4')
    assert.equal(status(await routed({}, '[127.0.0.1]', '')), '5.4.4')
    assert.deepEqual(await routed(zone, 'd.example', '10.0.0.0/8, fd00::/8'), {
      hosts: [{ name: 'a.example', addresses: ['10.0.0.1', 'fd00::1'] }],
    })
  })

  test('of networks: what is public, and what is named', () => {
    const isAllowed = networkRule('10.1.0.0/16,::1')
    for (const address of ['8.8.8.8', '2606:4700::1', '10.1.2.3', '::1', '::ffff:10.1.0.1'])
      assert.ok(isAllowed(address), address)
    for (const address of [
      '10.2.0.1',
      '127.0.0.1',
      '169.254.1.1',
      '100.64.0.1',
      '0.0.0.0',
      '224.0.0.1',
      '255.255.255.255',
      '192.0.2.1',
      'fe80::1',
      '::ffff:127.0.0.1',
      '::',
      'x',
      '',
    ])
      assert.ok(!isAllowed(address), address)
    assert.throws(() => networkRule('10.0.0.0/99'), /SMTP_PRIVATE_TARGETS/)
  })
})

describe('the schedule', () => {
  test('waits grow, and stop at the moments at which the sender is told something', () => {
    const minutes: number[] = []
    let now = 0
    for (let attempts = 1; now < giveUpMs; attempts++) {
      const next = nextAttempt(attempts, 0, now, () => 0)
      minutes.push(Math.round((next - now) / 60_000))
      now = next
    }
    assert.deepEqual(minutes.slice(0, 8), [1, 5, 15, 30, 60, 120, 9, 360])
    assert.equal(now, giveUpMs)
  })

  test('never sooner than a minute, up to a tenth later than planned', () => {
    for (let attempts = 1; attempts < 40; attempts++)
      for (const random of [0, 0.5, 0.999]) {
        const wait = nextAttempt(attempts, 0, delayNoticeMs - 30_000, () => random) - (delayNoticeMs - 30_000)
        assert.ok(wait >= 60_000 && wait <= 6.6 * 3_600_000)
      }
  })
})
