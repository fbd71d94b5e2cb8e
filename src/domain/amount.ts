/**
 * An amount is a decimal string in the unit of its measure, "2500.50" pounds; a quantity is a whole number of the
 * smallest part of that unit, 250050 pence. Either says exactly the same: nothing is rounded.
 */
/** A quantity in an answer: a number, or its digits where it is beyond ±(2^53 − 1). */
export type Quantity = number | string;

export function exact(value: bigint): Quantity {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value.toString();
}

const AMOUNT = /^(-?)(0|[1-9]\d*)(?:\.(\d+))?$/;

/** @returns null where the text has more decimals than the measure, or says more than a quantity can hold */
export function quantityOf(amount: string, decimals: number): number | null {
  const [, sign = '', whole = '', fraction = ''] = AMOUNT.exec(amount) ?? [];
  if (whole === '' || fraction.length > decimals) return null;
  const quantity = Number(`${sign}${whole}${fraction.padEnd(decimals, '0')}`);
  // Minus nought becomes nought: canonical JSON has one way of writing it.
  return Number.isSafeInteger(quantity) ? quantity + 0 : null;
}

export function amountOf(quantity: bigint | Quantity, decimals: number): string {
  const value = BigInt(quantity);
  const digits = (value < 0n ? -value : value).toString().padStart(decimals + 1, '0');
  const sign = value < 0n ? '-' : '';
  const point = digits.length - decimals;
  return decimals === 0 ? `${sign}${digits}` : `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}
