/** bcrypt hashes of accounts that came from elsewhere, checked outside the event loop. */

/** Of a cost that a sign-in may have: 2^15 rounds take about two seconds. */
export function isBcryptHash(hash: string): boolean {
  return /^\$2[aby]\$(0[4-9]|1[0-5])\$[./A-Za-z0-9]{53}$/.test(hash)
}

/** As the letters were typed, or, as some program may have kept them, composed. `$2y$` is what PHP calls `$2b$`. */
export async function isBcrypt(password: string, hash: string): Promise<boolean> {
  const { default: bcrypt } = await import('bcrypt')
  const ours = hash.replace(/^\$2y/, '$2b')
  const composed = password.normalize('NFC')
  if (await bcrypt.compare(composed, ours)) return true
  return composed !== password && bcrypt.compare(password, ours)
}
