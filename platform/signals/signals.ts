/**
 * Signals wake other processes: tiny, lossy hints, never the data itself.
 * A receiver that hears nothing still works, later.
 */
export interface Signals extends AsyncDisposable {
  /**
   * At most once, to every process that listens, this one included. Equal signals sent in one turn of the event
   * loop are one. `topic` is at most 200 bytes, `payload` 1 KiB of text; longer ones are logged and not sent.
   * Never throws.
   */
  send(topic: string, payload?: string): void
  /** Calls the listener for each signal on the topic until the returned function is called. */
  listen(topic: string, listener: (payload: string) => void): () => void
  /** Told after a break in which signals may have been missed: listeners should look at the data. */
  onGap(listener: () => void): () => void
}
