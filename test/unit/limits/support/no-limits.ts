import { createApiLimits } from '../../../../src/limits/api-limits.ts'

/** Rates where nothing is limited. */
export const NO_LIMITS = createApiLimits({
  perAddress: null,
  perKey: null,
  perConnection: null,
  addressOf: () => null,
  refusals: {
    limited: () => {
      throw new Error('nothing is limited')
    },
  },
})
