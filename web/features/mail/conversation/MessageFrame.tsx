/**
 * The HTML of a message, in a frame where no script runs. It is put there as elements, not as text. What it fetches is
 * bounded by the policy of the frame's document: nothing from elsewhere, or pictures alone.
 */
import { useEffect, useMemo, useRef } from 'react'
import { useWords } from '#web/app/language.tsx'
import { sandboxedHtml } from '#web/app/trusted-types.ts'
import { onKey } from '../keys/shortcuts.ts'
import { cleanMail } from './clean-mail.ts'
import classes from './message.module.css'

export interface MessageFrameProps {
  html: string
  addressOfPart: (contentId: string) => string | undefined
  takesImages: boolean
  title: string
  onHiddenImages: () => void
  /** To write to an address that the text links to. */
  onMailTo: (address: string) => void
}

/** The document inherits the policy of this page: pictures of our own, and no request elsewhere. */
const closedDocument =
  '<!doctype html><meta http-equiv="content-security-policy" content="default-src \'none\'; img-src \'self\' data:; style-src \'unsafe-inline\'"><meta name="referrer" content="no-referrer"><body></body>'

export function MessageFrame(props: MessageFrameProps) {
  const { html, addressOfPart, takesImages, title, onHiddenImages } = props
  const { t } = useWords()
  const frame = useRef<HTMLIFrameElement>(null)
  const latest = useRef(props)
  latest.current = props
  const quoteLabel = t('mail.quote')
  const mail = useMemo(
    () => cleanMail(html, { addressOfPart, takesImages, quoteLabel }),
    [html, addressOfPart, takesImages, quoteLabel],
  )
  useEffect(() => {
    if (mail.hidesImages) onHiddenImages()
  }, [mail.hidesImages, onHiddenImages])

  useEffect(() => {
    const element = frame.current
    if (!element) return
    let follow: (() => void) | undefined
    const fill = () => {
      const inner = element.contentDocument
      if (!inner?.body || isEmptyStart(inner)) return
      follow?.()
      inner.body.replaceChildren(styled(inner, mail.body))
      follow = followHeight(element, inner)
      inner.addEventListener('keydown', onKey, { capture: true })
      inner.addEventListener('click', (event) => clicked(event, latest.current.onMailTo))
    }
    element.addEventListener('load', fill)
    if (takesImages) element.src = '/message.html'
    else element.srcdoc = sandboxedHtml(closedDocument)
    return () => {
      element.removeEventListener('load', fill)
      follow?.()
    }
  }, [mail, takesImages])

  return (
    <iframe
      // Without pictures and with them it is another document.
      key={String(takesImages)}
      ref={frame}
      title={title}
      sandbox="allow-same-origin allow-popups allow-popups-to-escape-sandbox"
      referrerPolicy="no-referrer"
      className={classes.frame}
    />
  )
}

/** Before the document there is another, empty one. */
function isEmptyStart({ URL }: Document): boolean {
  return URL === 'about:blank'
}

function styled(inner: Document, body: HTMLElement): DocumentFragment {
  const fragment = inner.createDocumentFragment()
  const style = inner.createElement('style')
  style.textContent = baseStyle
  fragment.append(style, inner.importNode(body, true))
  return fragment
}

/** Taller would be no message. */
const mostHeight = 50_000
/** Smaller can't be read. */
const leastZoom = 0.5

/** The frame is as tall as what is in it; what is made for a wider page is shown smaller. Gives what ends it. */
function followHeight(frame: HTMLIFrameElement, inner: Document): () => void {
  let height = 0
  let zoom = 1
  const measure = () => {
    const { body } = inner
    const { clientWidth, scrollWidth } = inner.documentElement
    if (scrollWidth > clientWidth + 2 && zoom > leastZoom) {
      zoom = Math.max(leastZoom, (zoom * clientWidth) / scrollWidth)
      body.style.setProperty('zoom', String(zoom))
    }
    const isWider = inner.documentElement.scrollWidth > clientWidth + 2
    const wanted = Math.min(mostHeight, Math.ceil(body.getBoundingClientRect().height) + (isWider ? 16 : 0))
    if (Math.abs(wanted - height) < 2) return
    height = wanted
    frame.style.height = `${height}px`
  }
  const observer = new ResizeObserver(measure)
  observer.observe(inner.body)
  measure()
  return () => observer.disconnect()
}

function clicked(event: MouseEvent, onMailTo: (address: string) => void): void {
  const target = event.target as Partial<Element> | null
  const link = target?.closest?.('a[href^="mailto:"]')
  if (!link) return
  event.preventDefault()
  onMailTo(link.getAttribute('href')!.slice('mailto:'.length))
}

const baseStyle = `
html { background: #fff; color-scheme: light; }
body {
  margin: 0; padding: 2px; overflow: auto hidden; color: #202124; background: #fff;
  font: 14px/1.5 'Noto Sans Bengali Variable', system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif;
  overflow-wrap: break-word;
}
img { max-width: 100%; }
a { color: #00664b; }
blockquote { margin: 0 0 0 4px; padding-left: 10px; border-left: 2px solid #b6c2bc; }
pre { white-space: pre-wrap; }
.mail-hidden-image {
  display: inline-block; min-width: 16px; min-height: 16px; background: #eef1ef; border: 1px dashed #b6c2bc;
}
.mail-fold > summary {
  display: inline-block; margin: 8px 0; padding: 0 8px; border-radius: 8px; background: #e3e8e5; color: #3c4642;
  font-size: 11px; line-height: 14px; list-style: none; cursor: pointer;
}
.mail-fold > summary::-webkit-details-marker { display: none; }
.mail-fold > summary:focus-visible { outline: 2px solid #006a4e; outline-offset: 2px; }
`
