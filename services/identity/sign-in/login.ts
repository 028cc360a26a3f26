/** Signing in with a password. */
import type { Account } from '#contracts/identity/account.ts'
import { readIdentifier } from '#services/identity/people/identifiers.ts'
import type { Calls, Command, Query } from '#services/identity/settings.ts'
import { holdAccount, holdAccountAndPassword } from '#services/identity/store/accounts.ts'
import { findCredentials, rehashPassword, type Credentials } from '#services/identity/store/credentials.ts'
import { showInstallation } from '#services/identity/store/installation.ts'
import { deviceHashOf, type DeviceFacts } from './devices.ts'
import { laneOf, mostFailures, noteFailure } from './guard.ts'
import type { Lane } from './hash-queue.ts'
import { hashing, hashPassword, isOutdated, isPassword } from './passwords.ts'
import { askForSecondFactor } from './second-factor.ts'
import { startSessionOf } from './sessions.ts'

export const loginCalls: Pick<Calls, 'login'> = {
  login: {
    async opensTransaction({ userid, password, client, device }, context) {
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
        return refuse()
      }
      const { accountId, passwordHash, hasSecondFactor } = proven
      const newHash = isOutdated(passwordHash)
        ? await hashPassword(password, { ...turnOf(context), lane })
        : null
      return context.transact(async (context) => {
        const account = (await holdProven(context, proven, newHash)) ?? refuse()
        return hasSecondFactor
          ? askForSecondFactor(context, accountId)
          : startSessionOf(context, account, { client, device })
      })
    },
  },
}

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
    const isRight = await isPassword(password, candidate?.passwordHash, { ...turnOf(context), lane })
    if (isRight && candidate && !isGuarded(candidate)) return candidate
  }
  return undefined
}

/** Its password may have been changed since it was read; then it is refused. */
async function holdProven(
  { tx }: Command,
  { accountId, passwordHash }: Credentials,
  newHash: string | null,
): Promise<Account | undefined> {
  if (newHash === null) return holdAccountAndPassword(tx, accountId, passwordHash)
  return (await rehashPassword(tx, accountId, passwordHash, newHash)) ? holdAccount(tx, accountId) : undefined
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

/** Waiting ends with the call. */
function turnOf(context: Query): { readonly signal: AbortSignal } {
  return { signal: context.signal }
}
