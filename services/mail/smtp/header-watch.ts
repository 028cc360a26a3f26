/** Looks at a message's header while it streams by: what makes us refuse a message, whatever it says. */

export type HeaderFault = 'headerTooLong' | 'mailLoop' | 'noFrom' | 'severalFrom'

export interface HeaderLimits {
  headerBytes: number
  receivedFields: number
}

/** The longest name that is looked for has 8 characters. */
const nameLimit = 32
const lineFeed = 10
const colon = 58

export class HeaderWatch {
  readonly #limits: HeaderLimits
  #isOver = false
  #bytes = 0
  #from = 0
  #received = 0
  /** Of the line that is being read, up to its colon. */
  #name = ''
  #isNameRead = false

  constructor(limits: HeaderLimits) {
    this.#limits = limits
  }

  /** Takes the content in order; lines end with CR LF. */
  feed(content: Buffer): HeaderFault | undefined {
    if (this.#isOver) return undefined
    let index = 0
    while (index < content.length && !this.#isOver) {
      if (this.#isNameRead) {
        const end = content.indexOf(lineFeed, index)
        if (end === -1) {
          index = content.length
        } else {
          index = end + 1
          this.#beginLine()
        }
      } else this.#readName(content[index++]!)
    }
    this.#bytes += index
    if (this.#bytes > this.#limits.headerBytes) return this.#over('headerTooLong')
    if (this.#received > this.#limits.receivedFields) return this.#over('mailLoop')
    return this.#isOver ? this.#fromFault() : undefined
  }

  /** Of a message that has a header only. */
  finish(): HeaderFault | undefined {
    return this.#isOver ? undefined : this.#over(this.#fromFault())
  }

  #readName(octet: number): void {
    if (octet === lineFeed) {
      // An empty line is `\r` here; any other line without a colon is no field, but does not end the header.
      if (this.#name === '\r') this.#isOver = true
      else this.#beginLine()
      return
    }
    if (octet === colon) {
      // RFC 5322 §4.5: white space before the colon is obsolete, but read.
      const name = this.#name.trimEnd().toLowerCase()
      if (name === 'from') this.#from++
      if (name === 'received') this.#received++
      this.#isNameRead = true
    } else if (isBlank(octet) && this.#name.endsWith(' ')) return
    else if (this.#name.length === nameLimit) this.#isNameRead = true
    else this.#name += isBlank(octet) ? ' ' : String.fromCharCode(octet)
  }

  #beginLine(): void {
    this.#name = ''
    this.#isNameRead = false
  }

  #fromFault(): HeaderFault | undefined {
    if (this.#from === 1) return undefined
    return this.#from === 0 ? 'noFrom' : 'severalFrom'
  }

  #over(fault: HeaderFault | undefined): HeaderFault | undefined {
    this.#isOver = true
    return fault
  }
}

function isBlank(octet: number): boolean {
  return octet === 32 || octet === 9
}
