import { argon2, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { identity } from '#contracts/identity.ts'
import { testHost, type TestHost } from '#platform/testing/host.ts'
import identityService from '../services/identity/service.ts'
import { deviceAt, password, signUp } from '../services/identity/testing.ts'
import { compare, interleave, type Bench } from './bench.ts'

const rounds = 7
const roundMs = Number(process.env.BENCH_ROUND_MS ?? 3_000)
/** More than there are cores, so that a core has a hash to make while others wait for the database. */
const callers = 8
/** As `services/identity/sign-in/passwords.ts` has it. */
const cost = { memory: 19_456, passes: 2, parallelism: 1, tagLength: 32 }

export default {
  name: 'login',
  summary:
    `Sign-ins for each second, ${callers} callers in one process: the call \`login\` of the identity service with ` +
    'its database, from known devices, over hashes of the same parameters by bare `crypto.argon2`. Medians of ' +
    'interleaved rounds.',
  async run() {
    await using host = await testHost({ services: [identityService] })
    const figures = await interleave(
      { login: perSecond(await signingIn(host)), argon2: perSecond(hashing) },
      rounds,
    )
    return compare(figures, 'login', 'sign-ins/s')
  },
} satisfies Bench

async function signingIn(host: TestHost): Promise<(caller: number) => Promise<unknown>> {
  const anonymous = host.client(identity, { kind: 'anonymous' })
  const people: Parameters<typeof anonymous.login>[0][] = []
  for (let i = 0; i < callers; i++) {
    const { userid } = await signUp(host, `caller${i}@localhost`)
    const answer = await anonymous.login({ userid, password, device: deviceAt('8.8.8.8') })
    const token = 'deviceToken' in answer ? answer.deviceToken : undefined
    people.push({ userid, password, device: deviceAt('8.8.8.8', token) })
  }
  return (caller) => anonymous.login(people[caller]!)
}

function hashing(): Promise<Buffer> {
  return promisify(argon2)('argon2id', { ...cost, message: password, nonce: randomBytes(16) })
}

/** Each caller begins anew when it has its answer. */
function perSecond(work: (caller: number) => Promise<unknown>): () => Promise<number> {
  return async () => {
    const startedAt = performance.now()
    let done = 0
    const call = async (caller: number) => {
      while (performance.now() - startedAt < roundMs) {
        await work(caller)
        done++
      }
    }
    await Promise.all(Array.from({ length: callers }, (_, caller) => call(caller)))
    return (done * 1000) / (performance.now() - startedAt)
  }
}
