export const categories = ['primary', 'social', 'promotions', 'updates', 'forums'] as const
export type Category = (typeof categories)[number]

export interface CategoryReason {
  /** Key in `contracts/mail/category-reasons.ts`. */
  code: string
  parameters: Record<string, string>
}

export interface CategoryVerdict {
  category: Category
  /** The strongest first. */
  reasons: CategoryReason[]
}
