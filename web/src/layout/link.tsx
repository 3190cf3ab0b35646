/**
 * The links of the page, by the router's hooks for links. The router's components for them fetch ahead for its framework as
 * well, which is 2.5 kB of the first load.
 */
import type { AnchorHTMLAttributes } from "react";
import { useHref, useLinkClickHandler, useLocation, useResolvedPath } from "react-router";

type Anchor = Omit<AnchorHTMLAttributes<HTMLAnchorElement>, "href">;

interface LinkProps extends Anchor {
  /** Within the page: a path, or only the query of an address. */
  to: string;
}

/** Goes to a place without a new load of the page, unless the browser is asked to open it elsewhere. */
export function Link({ to, onClick, ...anchor }: LinkProps) {
  const href = useHref(to);
  const go = useLinkClickHandler<HTMLAnchorElement>(to, { target: anchor.target });
  return (
    <a
      {...anchor}
      href={href}
      onClick={(event) => {
        onClick?.(event);
        if (!event.defaultPrevented) go(event);
      }}
    />
  );
}

interface NavLinkProps extends Omit<LinkProps, "className"> {
  /** Whether the places below it are other places. */
  end?: boolean;
  className?: string | ((place: { isActive: boolean }) => string | undefined);
}

/** A link that says whether the page is at its place, or at one below it. */
export function NavLink({ to, end = false, className = "", ...link }: NavLinkProps) {
  const at = useLocation().pathname.toLowerCase();
  const place = useResolvedPath(to).pathname.toLowerCase();
  const isActive = at === place || (!end && at.startsWith(`${place}/`));
  const named =
    typeof className === "function"
      ? className({ isActive })
      : [className, isActive && "active"].filter(Boolean).join(" ");
  return <Link aria-current={isActive ? "page" : undefined} {...link} to={to} className={named} />;
}
