/** A request that no server has answered, or only a proxy in front of it. */
export class Outage extends Error {}

/** What a proxy, or a host without its database, answers while it cannot serve. */
export const OUTAGE_STATUS = [502, 503, 504];

/** Only a proxy answers so: the server behind it does not. */
export const isGatewayStatus = (status: number): boolean => status === 502 || status === 504;

/** Whether trying again later may help without a change of what is asked. */
export function isOutage(error: unknown): boolean {
  if (error instanceof Outage) return true;
  return error instanceof Error && "status" in error && OUTAGE_STATUS.includes(error.status as number);
}
