/**
 * A regular expression, for Postgres and JavaScript alike, that matches `.` + routing key when one of the keys does.
 * On a topic exchange `*` stands for one word and `#` for any number; on a direct exchange a key means itself.
 */
export function keyPattern(keys: readonly string[], exchangeType: 'topic' | 'direct'): string {
  const alternatives = keys.map((key) =>
    exchangeType === 'direct' ? `\\.${literal(key)}` : key.split('.').map(wordPattern).join(''),
  )
  return `^(${alternatives.join('|')})$`
}

function wordPattern(word: string): string {
  if (word === '#') return String.raw`(\.[^.]*)*`
  return word === '*' ? String.raw`\.[^.]*` : `\\.${literal(word)}`
}

function literal(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
}
