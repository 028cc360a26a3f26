/** Why an import ends before its file does; the page has words for each. */
export type ImportFault =
  | 'quotaExceeded'
  | 'damagedFile'
  /** Its content is larger than any mail packs to. */
  | 'tooLarge'
  | 'fileGone'
  | 'noMailbox'
  | 'tooManyLabels'

export class ImportError extends Error {
  readonly fault: ImportFault
  constructor(fault: ImportFault) {
    super(fault)
    this.fault = fault
  }
}
