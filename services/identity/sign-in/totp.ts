/** Codes of an authenticator app: RFC 6238 with SHA-1, six digits and steps of 30 seconds, which every app can. */
import { Secret, TOTP } from 'otpauth'
import { withLatinDigits } from '#services/identity/people/identifiers.ts'
import type { Command, Query } from '#services/identity/settings.ts'
import { findTotp, useTotpStep } from '#services/identity/store/second-factors.ts'

const stepSeconds = 30

/** RFC 4226 §4 recommends 160 bits. */
export function newTotpSecret(issuer: string, label: string): { secret: string; uri: string } {
  const totp = totpOf(new Secret({ size: 20 }), { issuer, label })
  return { secret: totp.secret.base32, uri: totp.toString() }
}

/** The step that the code belongs to, one beside the present one at most (RFC 6238 §5.2); undefined for a wrong code. */
export function stepOf(secret: string, code: string, now = Date.now()): number | undefined {
  const token = withLatinDigits(code).replaceAll(/\s/g, '')
  if (!/^\d{6}$/.test(token)) return undefined
  const delta = totpOf(Secret.fromBase32(secret)).validate({ token, window: 1, timestamp: now })
  return delta === null ? undefined : Math.floor(now / 1000 / stepSeconds) + delta
}

/** The way to use it up; undefined for a wrong one. */
export async function checkTotp(
  context: Query,
  accountId: string,
  code: string,
): Promise<((context: Command) => Promise<boolean>) | undefined> {
  const sealed = (await findTotp(context.db, accountId))?.sealedSecret
  const step = sealed && stepOf(context.secrets.open(sealed, aboutTotp(accountId)), code)
  if (!sealed || step === undefined || step === null) return undefined
  return ({ tx }) => useTotpStep(tx, accountId, sealed, step)
}

export function aboutTotp(accountId: string): string {
  return `totp ${accountId}`
}

function totpOf(secret: Secret, shown: { issuer?: string; label?: string } = {}): TOTP {
  return new TOTP({ ...shown, secret, algorithm: 'SHA1', digits: 6, period: stepSeconds })
}
