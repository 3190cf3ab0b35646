import { type IconButtonProps, type OptionalDataControlsTemplateProps, TranslatableString } from "@rjsf/utils";
import { ArrowDown, ArrowUp, Minus, Plus, X } from "lucide-react";
import type { ReactNode } from "react";

function IconButton({
  id,
  title,
  disabled,
  onClick,
  children,
}: Omit<IconButtonProps, "registry"> & { children: ReactNode }) {
  return (
    <button
      id={id}
      type="button"
      className="ghost icon"
      title={title}
      aria-label={title}
      disabled={disabled}
      onClick={onClick}
    >
      {children}
    </button>
  );
}

const iconed = (words: TranslatableString, icon: ReactNode) =>
  function Button({ id, disabled, onClick, registry }: IconButtonProps) {
    return (
      <IconButton id={id} title={registry.translateString(words)} disabled={disabled} onClick={onClick}>
        {icon}
      </IconButton>
    );
  };

function AddButton({ id, disabled, onClick, registry }: IconButtonProps) {
  return (
    <button id={id} type="button" className="add" disabled={disabled} onClick={onClick}>
      <Plus size={14} aria-hidden /> {registry.translateString(TranslatableString.AddButton)}
    </button>
  );
}

export const BUTTONS = {
  AddButton,
  RemoveButton: iconed(TranslatableString.RemoveButton, <X size={15} aria-hidden />),
  MoveUpButton: iconed(TranslatableString.MoveUpButton, <ArrowUp size={15} aria-hidden />),
  MoveDownButton: iconed(TranslatableString.MoveDownButton, <ArrowDown size={15} aria-hidden />),
};

/** Whether an optional group of fields is there at all. */
export function OptionalData({ id, label, onAddClick, onRemoveClick }: OptionalDataControlsTemplateProps) {
  const act = onAddClick ?? onRemoveClick;
  if (!act) return <em id={id}>{label}</em>;
  return (
    <button id={id} type="button" className="ghost optional" onClick={act}>
      {onAddClick ? <Plus size={14} aria-hidden /> : <Minus size={14} aria-hidden />} {label}
    </button>
  );
}
