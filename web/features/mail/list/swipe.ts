/** On a touch screen a row is pushed aside: to the right archives it, to the left deletes it, a little further snoozes. */
import { useEffect, useRef, type RefObject } from 'react'

type SwipeAct = 'archive' | 'trash' | 'snooze'

interface Swipe {
  row: HTMLElement
  pointerId: number
  x: number
  y: number
  top: string
  isSwiping: boolean
}

/** Before it is known where the finger wants to go. */
const deadZone = 12
/** Shares of the row's width from which letting go does something. */
const least = 0.3
const further = 0.7

export function useSwipe(
  scroller: RefObject<HTMLElement | null>,
  onSwipe: (act: SwipeAct, position: number) => void,
) {
  const told = useRef(onSwipe)
  told.current = onSwipe
  useEffect(() => {
    const element = scroller.current
    if (!element) return
    let swipe: Swipe | undefined

    function down(event: PointerEvent): void {
      const row =
        event.target instanceof Element ? event.target.closest<HTMLElement>('[data-position]') : null
      if (event.pointerType !== 'touch' || !row) return
      const { pointerId, clientX: x, clientY: y } = event
      swipe = { row, pointerId, x, y, top: row.style.transform, isSwiping: false }
    }
    function move({ pointerId, clientX, clientY }: PointerEvent): void {
      if (swipe?.pointerId !== pointerId) return
      const dx = clientX - swipe.x
      if (!swipe.isSwiping) {
        if (Math.abs(clientY - swipe.y) > deadZone) return void (swipe = undefined)
        if (Math.abs(dx) < deadZone) return
        swipe.isSwiping = true
        swipe.row.setPointerCapture(pointerId)
      }
      swipe.row.style.transform = `${swipe.top} translateX(${dx}px)`
      swipe.row.dataset.swipe =
        actOf(dx, swipe.row.offsetWidth) ?? (dx > 0 ? 'towardsArchive' : 'towardsTrash')
    }
    function end(event: PointerEvent): void {
      if (swipe?.pointerId !== event.pointerId) return
      const { row, x, top, isSwiping } = swipe
      swipe = undefined
      if (!isSwiping) return
      // The click that follows would open it.
      row.addEventListener('click', (click) => click.stopPropagation(), { once: true, capture: true })
      const act = event.type === 'pointerup' ? actOf(event.clientX - x, row.offsetWidth) : undefined
      row.style.transform = top
      delete row.dataset.swipe
      if (act) told.current(act, Number(row.dataset.position))
    }

    element.addEventListener('pointerdown', down)
    element.addEventListener('pointermove', move)
    element.addEventListener('pointerup', end)
    element.addEventListener('pointercancel', end)
    return () => {
      element.removeEventListener('pointerdown', down)
      element.removeEventListener('pointermove', move)
      element.removeEventListener('pointerup', end)
      element.removeEventListener('pointercancel', end)
    }
  }, [scroller])
}

function actOf(dx: number, width: number): SwipeAct | undefined {
  const share = dx / width
  if (share > least) return 'archive'
  if (share < -further) return 'snooze'
  return share < -least ? 'trash' : undefined
}
