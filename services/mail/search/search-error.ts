/** What was typed cannot be searched for. */
export class SearchError extends Error {
  /** Where in the text, in characters from 0. */
  readonly position: number

  constructor(message: string, position: number) {
    super(message)
    this.name = 'SearchError'
    this.position = position
  }
}
