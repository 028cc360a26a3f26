export type Strength = 'short' | 'weak' | 'fair' | 'good' | 'strong'

/**
 * A rough guess by length and variety, for a hint while typing; the server knows the passwords that attackers try first.
 */
export function strengthOf(password: string): Strength {
  if (password.length < 8) return 'short'
  const bits = new Set(password).size * Math.log2(alphabetOf(password))
  if (bits < 34) return 'weak'
  if (bits < 48) return 'fair'
  return bits < 66 ? 'good' : 'strong'
}

const alphabets: [RegExp, number][] = [
  [/[a-z]/, 26],
  [/[A-Z]/, 26],
  [/\d/, 10],
  [/[^\p{L}\d]/u, 33],
  [/\P{ASCII}/u, 60],
]

function alphabetOf(password: string): number {
  return alphabets.reduce((size, [pattern, signs]) => size + (pattern.test(password) ? signs : 0), 1)
}
