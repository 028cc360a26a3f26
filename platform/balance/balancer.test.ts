import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Balancer, type Lease } from './balancer.ts'
import type { Outcome } from './breaker.ts'
import type { Balanced } from './member.ts'

interface Target {
  id: string
  isReady: boolean
  isClosed: boolean
}

type Work = Lease<Balanced, Target>

/** `a=100@1.0` is instance a of version 1.0 with weight 100. */
function endpointsOf(text: string): Balanced[] {
  return text.split(' ').map((word) => {
    const [, id = '', weight = '', version = ''] = /^(\w+)=(\d+)@(.+)$/.exec(word)!
    return { id, weight: Number(weight), version }
  })
}

function scene(text: string) {
  const targets = new Map<string, Target>()
  let time = 0
  const balancer = new Balancer<Balanced, Target>({
    open({ id }) {
      const target = { id, isReady: true, isClosed: false }
      targets.set(id, target)
      return target
    },
    close: (target) => void (target.isClosed = true),
    isReady: (target) => target.isReady,
    now: () => time,
  })
  balancer.update(endpointsOf(text))
  return { balancer, targets, pass: (ms: number) => void (time += ms) }
}

/** How often each instance was chosen when each piece of work ends before the next begins. */
function shares(balancer: Balancer<Balanced, Target>, times: number, key?: (i: number) => string) {
  const counts: Record<string, number> = {}
  for (let i = 0; i < times; i++) {
    const work = balancer.choose([], key?.(i))!
    counts[work.endpoint.id] = (counts[work.endpoint.id] ?? 0) + 1
    work.end('success')
  }
  return counts
}

function near(actual: number | undefined, wanted: number, tolerance: number, what = '') {
  assert.ok(
    Math.abs((actual ?? 0) - wanted) <= tolerance,
    `${what} ${actual} is not ${wanted} ± ${tolerance}`,
  )
}

function endOn(balancer: Balancer<Balanced, Target>, id: string, outcome: Outcome, times: number) {
  for (let left = times; left > 0;) {
    const work = balancer.choose()!
    const isIt = work.endpoint.id === id
    work.end(isIt ? outcome : 'success')
    if (isIt) left--
  }
}

test('work is spread evenly, and by weights between versions', () => {
  const even = shares(scene('a=100@1 b=100@1 c=100@1').balancer, 9_000)
  for (const id of ['a', 'b', 'c']) near(even[id], 3_000, 300, id)
  // A tenth of the version's weight on each of nine instances, and the canary.
  const stable = Array.from({ length: 9 }, (_, i) => `s${i}=10@1.4.0`).join(' ')
  const canary = shares(scene(`${stable} canary=10@1.5.0`).balancer, 20_000)
  near(canary.canary, 2_000, 250, 'canary')
})

test('a busy canary gets its share too, and no more', () => {
  const { balancer } = scene('a=90@1.4.0 b=10@1.5.0')
  const running: Work[] = Array.from({ length: 10_000 }, () => balancer.choose()!)
  near(running.filter(({ endpoint }) => endpoint.id === 'b').length, 1_000, 200)
})

test('weight 0 gets nothing, even when it is the last one', () => {
  const { balancer } = scene('a=100@1 b=0@2')
  assert.deepEqual(shares(balancer, 1_000), { a: 1_000 })
  balancer.update(endpointsOf('b=0@2'))
  assert.equal(balancer.choose(), undefined)
})

test('the one with less to do gets the work', () => {
  const { balancer } = scene('a=100@1 b=100@1')
  const first = balancer.choose()!
  const second = balancer.choose()!
  assert.notEqual(first.endpoint.id, second.endpoint.id)
  first.end('success')
  for (let i = 0; i < 100; i++) {
    const work = balancer.choose()!
    assert.equal(work.endpoint.id, first.endpoint.id)
    work.end('success')
  }
})

test('under load the instances are equally busy', () => {
  const { balancer } = scene('a=100@1 b=100@1 c=100@1 d=100@1')
  for (let i = 0; i < 4_000; i++) balancer.choose()
  const pending = balancer.snapshot().map((endpoint) => endpoint.pending)
  assert.ok(Math.max(...pending) - Math.min(...pending) < 20, String(pending))
})

test('an instance that fails is left alone, probed, and comes back slowly', () => {
  const { balancer, pass } = scene('a=100@1 b=100@1 c=100@1')
  endOn(balancer, 'a', 'failure', 5)
  assert.equal(shares(balancer, 1_000).a, undefined)
  assert.equal(balancer.snapshot()[0]!.ejectedUntil, 30_000)
  pass(30_000)
  const before = balancer.snapshot()[0]!.requests
  endOn(balancer, 'a', 'success', 2)
  assert.equal(balancer.snapshot()[0]!.requests - before, 2)
  near(shares(balancer, 3_000).a, 100, 80, 'at first')
  pass(5_000)
  near(shares(balancer, 3_000).a, 600, 150, 'half way')
  pass(5_000)
  near(shares(balancer, 3_000).a, 1_000, 150, 'at last')
})

test('an instance that appears among others begins slowly, all that appear at once do not', () => {
  const { balancer, pass } = scene('a=100@1 b=100@1')
  near(shares(balancer, 1_000).a, 500, 100, 'first ones')
  balancer.update(endpointsOf('a=100@1 b=100@1 c=100@1'))
  near(shares(balancer, 3_000).c, 100, 80, 'new one')
  pass(10_000)
  near(shares(balancer, 3_000).c, 1_000, 150, 'old one')
})

test('with everything ejected work goes on', () => {
  const { balancer } = scene('a=100@1 b=100@1')
  for (let i = 0; i < 50; i++) balancer.choose()!.end('failure')
  assert.ok(balancer.snapshot().every(({ ejectedUntil }) => ejectedUntil !== null))
  const counts = shares(balancer, 100)
  assert.equal((counts.a ?? 0) + (counts.b ?? 0), 100)
  assert.ok(balancer.snapshot().some(({ ejectedUntil }) => ejectedUntil === null))
})

test('one that is not ready gets nothing at once, unless no other is', () => {
  const { balancer, targets } = scene('a=100@1 b=100@1')
  targets.get('a')!.isReady = false
  assert.deepEqual(shares(balancer, 200), { b: 200 })
  targets.get('b')!.isReady = false
  assert.ok(balancer.choose())
})

test('what was tried is not tried again', () => {
  const { balancer } = scene('a=100@1 b=100@1 c=100@2')
  for (let round = 0; round < 200; round++) {
    const tried: Work[] = []
    for (let work = balancer.choose(); work; work = balancer.choose(tried)) tried.push(work)
    assert.deepEqual(tried.map(({ endpoint }) => endpoint.id).toSorted(), ['a', 'b', 'c'])
    assert.equal(balancer.hasOther(tried), false)
    for (const work of tried) work.end('abandoned')
  }
})

test('one that has left closes when nothing runs on it, and takes nothing new', () => {
  const { balancer, targets } = scene('a=100@1')
  const work = balancer.choose()!
  balancer.update(endpointsOf('b=100@1'))
  assert.deepEqual(shares(balancer, 100), { b: 100 })
  assert.equal(targets.get('a')!.isClosed, false)
  work.end('success')
  work.end('failure')
  assert.equal(targets.get('a')!.isClosed, true)
  balancer[Symbol.dispose]()
  assert.equal(targets.get('b')!.isClosed, true)
})

test('a key stays where it is when others come and go, and moves when it has to', () => {
  const { balancer } = scene('a=100@1 b=100@1 c=100@1')
  const placed = () =>
    Array.from({ length: 3_000 }, (_, i) => {
      const work = balancer.choose([], `room ${i}`)!
      work.end('success')
      return work.endpoint.id
    })
  const before = placed()
  assert.deepEqual(placed(), before)
  for (const id of ['a', 'b', 'c']) near(before.filter((it) => it === id).length, 1_000, 150, id)
  balancer.update(endpointsOf('a=100@1 c=100@1'))
  const after = placed()
  assert.ok(after.every((id, i) => id === before[i] || before[i] === 'b'))
  near(after.filter((id) => id === 'a').length, 1_500, 200)
})

test('keys follow the weights', () => {
  const { balancer } = scene('a=300@1 b=100@2 c=0@3')
  const counts = shares(balancer, 8_000, (i) => String(i))
  near(counts.a, 6_000, 300)
  assert.equal(counts.c, undefined)
})
