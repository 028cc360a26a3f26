/** Signing in with a password. */
import { readIdentifier } from '#services/identity/people/identifiers.ts'
import type { Calls, Query } from '#services/identity/settings.ts'
import { holdPassword } from '#services/identity/store/accounts.ts'
import { findCredentials, rehashPassword, type Credentials } from '#services/identity/store/credentials.ts'
import { showInstallation } from '#services/identity/store/installation.ts'
import { deviceHashOf, type DeviceFacts } from './devices.ts'
import { evenPace } from './even-pace.ts'
import { laneOf, mostFailures, noteFailure } from './guard.ts'
import type { Lane } from './hash-queue.ts'
import { hashing, hashPassword, isOutdated, isPassword } from './passwords.ts'
import { askForSecondFactor } from './second-factor.ts'
import { startSessionIfStill, startSessionOfKnown } from './sessions.ts'

export const loginCalls: Pick<Calls, 'login'> = {
  login: {
    async opensTransaction({ userid, password, client, device }, context) {
      const startedAt = performance.now()
      const refuse = () => context.fail('wrongCredentials', 'The userid or the password is wrong.')
      // Without a device's token it is clear where somebody stands: who has to be sent away costs nothing more.
      if (!deviceHashOf(device)) hashing.checkRoom(laneOf(device, false))
      const candidates = await findCandidates(context, userid, device)
      const lane = laneOf(
        device,
        candidates.some((candidate) => candidate?.isKnownDevice),
      )
      const proven = await findProven(context, password, candidates, lane)
      if (!proven) {
        noteFailure(context, device, strangersTo(candidates))
        await paces[candidates.length - 1]!(startedAt)
        return refuse()
      }
      const { accountId, passwordHash: oldHash, hasSecondFactor, isKnownDevice } = proven
      const newHash = isOutdated(oldHash) && (await hashPassword(password, { signal: context.signal, lane }))
      const entrance = { client, device, passwordHash: newHash || oldHash }
      if (isKnownDevice && client === 'browser' && !newHash && !hasSecondFactor)
        return (await startSessionOfKnown(context, accountId, entrance)) ?? refuse()
      return context.transact(async (context) => {
        const { tx } = context
        if (newHash && !(await rehashPassword(tx, accountId, oldHash, newHash))) return refuse()
        if (!hasSecondFactor) return (await startSessionIfStill(context, accountId, entrance)) ?? refuse()
        // It may have been changed since it was read.
        if (!(await holdPassword(tx, accountId, entrance.passwordHash))) return refuse()
        return askForSecondFactor(context, accountId)
      })
    },
  },
}

/** Of a failure, by the number of passwords that were tried. */
const paces = [evenPace(), evenPace()]

type Candidate = Credentials | undefined

/**
 * Whom the password may be of, in the order of trying. Their number depends on the kind of identifier alone, and
 * undefined stands for nobody: to try one takes as long as any other.
 */
async function findCandidates(
  context: Query,
  given: string,
  device: DeviceFacts | undefined,
): Promise<Candidate[]> {
  const { domains } = await showInstallation(context.db, context.settings.DOMAIN)
  const identified = readIdentifier(given, domains)
  if (!identified) return [undefined]
  const found = await findCredentials(context.db, identified, deviceHashOf(device))
  const held = found.find(({ isHeld }) => isHeld)
  return 'userid' in identified ? [held] : [found.find(({ isHeld }) => !isHeld), held]
}

async function findProven(
  context: Query,
  password: string,
  candidates: readonly Candidate[],
  lane: Lane,
): Promise<Candidate> {
  for (const candidate of candidates) {
    const isRight = await isPassword(password, candidate?.passwordHash, { signal: context.signal, lane })
    if (isRight && candidate && !isGuarded(candidate)) return candidate
  }
  return undefined
}

/** Too many guessed. The right password is answered as a wrong one. */
function isGuarded({ failures, isKnownDevice }: Credentials): boolean {
  return failures >= mostFailures && !isKnownDevice
}

function strangersTo(candidates: readonly Candidate[]): string[] {
  return candidates.flatMap((candidate) =>
    candidate && !candidate.isKnownDevice ? [candidate.accountId] : [],
  )
}
