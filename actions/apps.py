from django.apps import AppConfig


class ActionsConfig(AppConfig):
    name = "actions"

    def ready(self) -> None:
        """Joins in below: the kinds, the job, what follows a calculation, what blocks a deletion."""
        import contacts.hooks
        import tags.hooks
        from actions import merged_tags, picked, running, services, undoing, usage
        from actions.contact_sets import FILTERS
        from actions.going_on import recurring_of
        from actions.kinds import register
        from actions.kinds.categories import AddCategory, RemoveCategory
        from actions.kinds.consents import AddConsent, RemoveConsent
        from actions.kinds.tags import AddTag, RemoveTag
        from actions.models import ActionRun, PickedContacts, Undo
        from actions.scrubbing import scrub_picked
        from contacts.erasing.cleaners import StoredSets, register_cleaner
        from contacts.manager import Tool, register_filter, register_tool
        from jobs.registry import JobKind, register_purge
        from jobs.registry import register as register_job
        from segmentation import hooks
        from users.parts import register_going_on

        for kind in (AddCategory(), RemoveCategory(), AddTag(), RemoveTag(), AddConsent(), RemoveConsent()):
            register(kind)
            hooks.action_kinds.append(hooks.ActionKind(kind.name, kind.title, kind.icon))
        register_job(JobKind("action", ActionRun, running.carry_out, stopped=running.tidy_up))
        register_job(JobKind("undo", Undo, undoing.carry_out, stopped=undoing.tidy_up))
        register_purge(picked.forget_picked)
        register_purge(undoing.forget_writes)
        hooks.on_calculated.append(services.start_planned)
        hooks.on_cancelled.append(services.stop_planned)
        for each in FILTERS:
            register_filter(each)
        contacts.hooks.erasing.append(scrub_picked)
        register_cleaner(StoredSets(ActionRun, ("seen", "changed"), counted=True))
        register_cleaner(StoredSets(PickedContacts, ("members",), counted=True))
        tags.hooks.following.append(merged_tags.following_merge)
        tags.hooks.merged.append(merged_tags.follow_merge)
        register_tool(Tool(name="act", template="actions/contacts/_of_list.html"))
        register_tool(Tool(name="act-on-selected", template="actions/contacts/_of_selected.html", selected=True))
        usage.join()
        register_going_on("recurring", recurring_of)
