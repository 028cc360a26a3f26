/** Keys for programs: 256 random bits, of which only the SHA-256 is kept. */
import { contracts } from '#contracts/all.ts'
import { hashOf, newToken } from '#services/identity/sign-in/tokens.ts'

/** `dk_` keys act for an account, `sk_` keys under a name of their own. */
export function newKey(kind: 'dk' | 'sk'): { key: string; prefix: string; tokenHash: Buffer } {
  const key = `${kind}_${newToken().token}`
  return { key, prefix: key.slice(0, 8), tokenHash: hashOf(key) }
}

/** Places in the list of scopes that name no service of ours. */
export function unknownScopes(scopes: readonly string[]): number[] {
  const isKnown = (scope: string) => {
    const [service] = scope.split(':')
    return service === '*' || isOurService(service!)
  }
  return scopes.flatMap((scope, place) => (isKnown(scope) ? [] : [place]))
}

/** A key of this name would pass for the service itself. */
export function isOurService(name: string): boolean {
  return contracts.some((contract) => contract.name === name)
}
