/** RFC 3461 §4: printable ASCII but `+` and `=` as it is, other octets as `+` and two digits. */
export function encodeXtext(text: string): string {
  return text.replaceAll(
    /[^!-*,-<>-~]/gu,
    (character) => `+${Buffer.from(character).toString('hex').toUpperCase().match(/../g)!.join('+')}`,
  )
}
