/** The time of an answer does not tell whether there is an account. `TIMING_ROUNDS` is the number of samples of each kind. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { identity } from '#contracts/identity.ts'
import { testHost, type TestHost } from '#platform/testing/host.ts'
import identityService from '#services/identity/service.ts'
import { deviceAt, password, recordingNotifications, tryLogin } from '#services/identity/testing.ts'

const rounds = Number(process.env.TIMING_ROUNDS ?? 25)
const notifications = recordingNotifications()
let host: TestHost
before(async () => {
  host = await testHost({ services: [identityService, notifications.service] })
  await host.client(identity, { kind: 'anonymous' }).createProfile({
    userid: 'timed@localhost',
    email: 'timed@example.com',
    phone: '+8801712345678',
    password,
    name: 'Timed',
  })
})
after(() => host[Symbol.asyncDispose]())

/** Each guess comes from another address, so that none has to wait for its turn. */
let guesses = 0
const guess = async (userid: string) => {
  const device = deviceAt(`10.${(guesses >> 16) & 255}.${(guesses >> 8) & 255}.${guesses++ & 255}`)
  assert.equal(await tryLogin(host, { userid, password: 'a wrong one', device }), 'wrongCredentials')
}

const forget = (userid: string) => host.client(identity, { kind: 'anonymous' }).forgotPassword({ userid })

const nobody = {
  userid: (i: number) => `nobody${i}@localhost`,
  email: (i: number) => `nobody${i}@example.com`,
  phone: (i: number) => `+88017${String(10_000_000 + i)}`,
}

for (const [name, ask, known, unknown] of [
  ['signing in by userid', guess, 'timed@localhost', nobody.userid],
  ['signing in by e-mail', guess, 'timed@example.com', nobody.email],
  ['signing in by phone', guess, '+8801712345678', nobody.phone],
  ['a forgotten password by userid', forget, 'timed@localhost', nobody.userid],
  ['a forgotten password by e-mail', forget, 'timed@example.com', nobody.email],
] as const)
  test(`the time of ${name} does not tell whether there is an account`, async () => {
    const pValue = await compareTimes(
      () => ask(known),
      (round) => ask(unknown(round)),
    )
    assert.ok(pValue > 0.01 / 5, `p = ${pValue}`)
  })

/** In turn and in changing order, so that a noisy moment falls on both. The first ones warm up. */
async function compareTimes(
  known: () => Promise<unknown>,
  unknown: (round: number) => Promise<unknown>,
): Promise<number> {
  const times: { known: number[]; unknown: number[] } = { known: [], unknown: [] }
  const measure = async (into: number[], work: () => Promise<unknown>) => {
    const startedAt = performance.now()
    await work()
    into.push(performance.now() - startedAt)
  }
  for (let round = -3; round < rounds; round++) {
    const { known: one, unknown: other } = round < 0 ? { known: [], unknown: [] } : times
    if (round % 2) await measure(one, known)
    await measure(other, () => unknown(round + 3))
    if (!(round % 2)) await measure(one, known)
  }
  return mannWhitney(times.known, times.unknown)
}

/** Two-sided p of the hypothesis that both samples come from one distribution, by the normal approximation. */
function mannWhitney(a: readonly number[], b: readonly number[]): number {
  let wins = 0
  for (const x of a) for (const y of b) wins += x > y ? 1 : x === y ? 0.5 : 0
  const mean = (a.length * b.length) / 2
  const deviation = Math.sqrt((a.length * b.length * (a.length + b.length + 1)) / 12)
  const z = Math.abs(wins - mean) / deviation
  // Abramowitz and Stegun 26.2.17.
  const t = 1 / (1 + 0.2316419 * z)
  const tail =
    t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
  return 2 * (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * tail
}
