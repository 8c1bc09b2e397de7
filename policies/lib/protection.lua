-- Which objects are protected from deletion, and how a deletion is approved.
local protection = {
  approval = "fleetgate.dev/allow-delete", -- its value is the object's own name
  mark = "fleetgate.dev/protected",
  moving = "clusterctl.cluster.x-k8s.io/delete-for-move", -- clusterctl move puts it in place of all others
}

-- The parameter that policies with this library share.
protection.labels_param = { type = "map", items = "string", default = { environment = "production,prod" },
  description = "Labels that protect: name to values, globs separated by commas." }

-- map[name], also where a manifest says `labels:` and nothing else.
local function member(map, name)
  return (map == unknown or object.kind_of(map) == "map") and map[name] or nil
end

-- Why these labels and annotations protect: text for a message, or nil. Unknown ones end the run.
function protection.reason(labels, annotations, protected_labels)
  if tostring(member(annotations, protection.mark)) == "true" then -- without quotes, too
    return "annotation " .. protection.mark
  end
  for name, values in pairs(protected_labels) do
    local value = member(labels, name)
    if type(value) == "string" then
      for _, pattern in ipairs(text.split(values, ",")) do
        if text.glob(text.trim(pattern), value) then
          return ("label %s: %s"):format(name, value)
        end
      end
    end
  end
end

function protection.annotation(of, name)
  return member(object.at(of, "metadata.annotations"), name)
end

-- The same for what an object says about itself.
function protection.reason_of(of, protected_labels)
  return protection.reason(object.at(of, "metadata.labels"), object.at(of, "metadata.annotations"), protected_labels)
end

function protection.is_approved(of)
  local name = object.at(of, "metadata.name")
  return name ~= nil and protection.annotation(of, protection.approval) == name
end

-- On its way to another management cluster: paused, marked, deleted here without touching the real cluster.
function protection.is_moving(of, paused)
  return paused == true and protection.annotation(of, protection.moving) ~= nil
end

return protection
