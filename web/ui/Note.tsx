import { CircleAlert, type LucideIcon } from 'lucide-react'
import type { ReactNode } from 'react'
import classes from './note.module.css'

export interface NoteProps {
  tone: 'warn' | 'bad'
  icon?: LucideIcon
  /** Read out at once. */
  isAlert?: boolean
  children: ReactNode
}

/** A few words that matter, on a ground of their own. */
export function Note({ tone, icon: Icon = CircleAlert, isAlert = false, children }: NoteProps) {
  return (
    <div className={classes.note} data-tone={tone} role={isAlert ? 'alert' : undefined}>
      <Icon size={18} aria-hidden className={classes.icon} />
      <div>{children}</div>
    </div>
  )
}
