"""The pages of sunsets: all of them, one with its numbers, setting one up, pausing, going on, ending."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from hashlib import blake2b
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from config.asked import page_number, problems_in
from config.pages import page
from config.requests import Request
from contacts.sight import as_seen, require_whole_sight, sight, whole_sight
from segmentation.criteria import CriteriaError
from sunset import services
from sunset.contact_sets import address_of
from sunset.errors import ChangedMeanwhileError, FaultyError, NameGivenError, TagInUseError
from sunset.forms import SunsetForm, tag_taken
from sunset.models import Sunset
from sunset.outlook import AHEAD, Outlook, outlook
from sunset.plans import Plan
from sunset.standing import Fault, faults, tag_of, whole_rows, with_segments
from sunset.telling import chart_of, numbers_of, parts_of, work_of
from users.access import signed_in, writers_only

PER_PAGE = 25
AGAIN = timedelta(minutes=1)  # a form sent twice in such a time was meant once
View = Callable[..., HttpResponseBase]


def changing(view: View) -> View:
    """Refuses analysts and who sees some contacts only: a sunset acts on contacts all over the account."""

    @wraps(view)
    @writers_only
    def guarded(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        require_whole_sight(signed_in(request))
        return view(request, *args, **kwargs)

    return guarded


def sunset_for(pk: int) -> Sunset:
    """The door: a sunset with its segments; 404 for any other."""
    found = with_segments(pk)
    if found is None:
        raise Http404(f"no sunset {pk}")
    return found


def may_change(request: Request) -> bool:
    return signed_in(request).may_write and whole_sight(request)


# --- looking ---------------------------------------------------------------------------------------------------
@require_safe
def sunsets(request: Request) -> HttpResponse:
    """Sunsets, the newest first, with what has become of their contacts."""
    if problems := problems_in(request.GET):
        return page(request, "sunset/list.html", {"problems": problems}, status=422)
    shown = Paginator(whole_rows(), PER_PAGE).get_page(page_number(request.GET))
    rows = numbers_of(request, list(shown.object_list))
    context = {"rows": rows, "page": shown, "may_change": may_change(request), "at": request.now}
    return page(request, "sunset/list.html", context)


@require_safe
def sunset(request: Request, pk: int) -> HttpResponse:
    """One sunset: whether it is whole, who is at which stage, what happened by week; `?count=1`: what lies ahead.

    `?now=1`: where it stands, for a page that waits for its work to be done.
    """
    found = sunset_for(pk)
    counted = ahead(request, found) if "count" in request.GET else {}
    if counted and request.htmx:
        return page(request, "sunset/sunset.html", counted | {"sunset": found}, part="ahead")
    if polled := request.htmx and "now" in request.GET:
        context = stands(request, found) | {"polled": polled}
        response = page(request, "sunset/sunset.html", context, part="standing")
        if not context["work"]:
            response["HX-Trigger"] = "sunset-done"  # what lies ahead is another thing now
        return response
    context = stands(request, found)
    wrong = context["row"].faults
    context |= {
        "faults": wrong,
        "mendable": all(fault.mendable for fault in wrong),
        "changeable": any(fault.changeable for fault in wrong) and all(each.remedy or each.mendable for each in wrong),
        "advice": advice_on(wrong),
        "may_change": may_change(request),
    }
    return page(request, "sunset/sunset.html", context | counted)


def advice_on(wrong: list[Fault]) -> list[str]:
    """What can be done about faults that going on does not mend; none: it has to be ended."""
    others = [fault for fault in wrong if not fault.mendable]
    return list(dict.fromkeys(fault.advice for fault in others)) if all(each.remedy for each in others) else []


def stands(request: Request, found: Sunset) -> dict[str, Any]:
    """Who is at which stage, by week as well, and what is being done."""
    return {
        "sunset": found,
        "work": work_of(found, sight(request)),  # read before the numbers: once it is over they are of what it did
        "row": numbers_of(request, [found])[0],
        "parts": parts_of(found),
        "chart": chart_of(request, found),
        "at": request.now,
    }


def ahead(request: Request, found: Sunset) -> dict[str, Any]:
    """The outlook of a sunset that stands; empty where it cannot be counted."""
    tag = tag_of(found)
    plan = Plan.of(found, tag.name if tag else "")
    if found.ended or tag is None or len(plan.consents) < len(found.consents):
        return {"counted": True}
    return {"counted": True, **looked(request, plan, found)}


def looked(request: Request, plan: Plan, found: Sunset | None = None) -> dict[str, Any]:
    """What a plan would come to, for the templates."""
    try:
        numbers: Outlook = outlook(plan, **as_seen(request), sunset=found)
    except CriteriaError as error:
        return {"problem": error.message}
    lists = {str(days): address_of(plan, days) for days in (0, *AHEAD)}
    return {"plan": plan, "outlook": numbers, "lists": lists}


# --- setting up ------------------------------------------------------------------------------------------------
@require_http_methods(["GET", "HEAD", "POST"])
@changing
def new(request: Request) -> HttpResponse:
    """The set-up: five steps on one page, then the numbers, then the confirmation."""
    window = request.tenant.engagement_days
    if request.method != "POST":
        return set_up(request, SunsetForm(initial=SunsetForm.initial_for(window), window=window))
    if request.POST.get("confirmed") == "yes" and (same := just_made(request)):
        messages.info(request, _("It was switched on already: the form was sent a second time."))
        return redirect("sunset:sunset", same.pk)
    return answered(request, SunsetForm(request.POST, window=window))


@require_http_methods(["GET", "HEAD", "POST"])
@changing
def change(request: Request, pk: int) -> HttpResponse:
    """The same form for one that stands; its tag stays as it is."""
    found = sunset_for(pk)
    window = request.tenant.engagement_days
    if found.ended:
        raise Http404(f"sunset {pk} has ended")
    if request.method != "POST":
        form = SunsetForm(initial=SunsetForm.initial_of(found), window=window, sunset=found)
        return set_up(request, form, revision=found.revision)
    return answered(request, SunsetForm(request.POST, window=window, sunset=found))


def just_made(request: Request) -> Sunset | None:
    """The sunset that this form made when it was sent first."""
    mine = Sunset.objects.filter(created_by=signed_in(request), created_at__gte=request.now - AGAIN)
    return mine.filter(name=request.POST.get("name", "").replace("\x00", "")).first()


def answered(request: Request, form: SunsetForm) -> HttpResponse:
    """The live numbers, the errors, the question with its numbers, or the sunset."""
    found = form.sunset
    revision = request.POST.get("revision", "")
    valid = form.is_valid()
    if "look" in request.POST or "back" in request.POST or not valid:
        return set_up(request, form, revision=revision, status=200 if valid or "back" in request.POST else 422)
    tag = tag_of(found) if found else None
    plan = form.plan(tag.name if tag else found.tag_name if found else "")
    mark = mark_of(plan, form.cleaned_data["name"])
    if request.POST.get("confirmed") != "yes" or request.POST.get("mark") != mark:
        context = looked(request, plan, found) | {"form": form, "mark": mark, "sunset": found, "revision": revision}
        return page(request, "sunset/set_up.html", context, part="question")
    return carried_out(request, form, plan, revision)


def carried_out(request: Request, form: SunsetForm, plan: Plan, revision: str) -> HttpResponse:
    given: dict[str, Any] = {"name": form.cleaned_data["name"], "now": request.now, "by": signed_in(request)}
    try:
        if form.sunset is None:
            made = services.switch_on(plan, **given)
            messages.success(request, _("The sunset is on. Its segments are being calculated."))
            return redirect("sunset:sunset", made.pk)
        seen = int(revision) if revision.isascii() and revision.isdecimal() and len(revision) < 10 else -1
        services.change(form.sunset, plan, revision=seen, **given)
        messages.success(request, _("The sunset was changed."))
        return redirect("sunset:sunset", form.sunset.pk)
    except TagInUseError as error:
        form.add_error("tag", tag_taken(error.other))
    except NameGivenError:
        form.add_error("name", _("A segment that it would make has that name already. Choose another one."))
    except ChangedMeanwhileError:
        form.add_error(None, _("Somebody else has changed this sunset meanwhile. Open the page anew."))
    except FaultyError:
        form.add_error(None, _("A part of this sunset was deleted: it cannot be changed any more. Set up a new one."))
    except CriteriaError as error:
        form.add_error(None, error.message)
    except ValidationError as error:
        form.add_error(None, error)
    return set_up(request, form, revision=revision, status=422)


def set_up(request: Request, form: SunsetForm, *, revision: Any = "", status: int = 200) -> HttpResponse:
    """The form with the numbers of what stands in it, as far as it can be read."""
    context: dict[str, Any] = {"form": form, "sunset": form.sunset, "revision": revision, "window": form.window}
    if form.is_bound and form.countable:
        tag = tag_of(form.sunset) if form.sunset else None
        context |= looked(request, form.plan(tag.name if tag else ""), form.sunset)
    elif not form.is_bound and form.sunset is not None:
        context |= ahead(request, form.sunset)
    if form.is_bound and not form.countable:
        context["wrong"] = form.uncountable
    if form.is_bound:
        context["hindered"] = form.refused_name
    part = "live" if "look" in request.POST else "form"
    return page(request, "sunset/set_up.html", context, part=part, status=status)


def mark_of(plan: Plan, name: str) -> str:
    """Names what a question spoke of: another plan is asked about anew."""
    told = repr((name, plan.days, plan.wait, plan.tag, [each.pk for each in plan.consents], plan.left_out))
    return blake2b(told.encode(), digest_size=8).hexdigest()


# --- pausing, going on, ending ---------------------------------------------------------------------------------
@require_http_methods(["GET", "HEAD", "POST"])
@changing
def pause(request: Request, pk: int) -> HttpResponse:
    """Stops it until somebody lets it go on; asks first."""
    found = sunset_for(pk)
    if not found.on:
        return as_it_is(request, found, _("It was not on."))
    if request.method == "POST":
        if services.pause(found, now=request.now, by=signed_in(request)):
            messages.success(request, _("Paused. Nobody gets the tag, nothing is withdrawn."))
        else:
            messages.info(request, _("It was not on."))
        return redirect("sunset:sunset", pk)
    return question(request, found, "pause")


@require_http_methods(["GET", "HEAD", "POST"])
@changing
def resume(request: Request, pk: int) -> HttpResponse:
    """Lets it go on; asks with the numbers of today."""
    found = sunset_for(pk)
    if found.ended:
        return as_it_is(request, found, _("It has ended."))
    if found.on and not faults(found):
        return as_it_is(request, found, _("It is on already."))
    if request.method == "POST":
        try:
            going_on = services.resume(found, now=request.now, by=signed_in(request))
        except FaultyError:
            messages.error(request, _("It cannot go on: a part of it was deleted or changed. Its page says which."))
            return redirect("sunset:sunset", pk)
        if going_on:
            messages.success(request, _("It goes on. Its segments are being calculated."))
        else:
            messages.info(request, _("It has ended."))
        return redirect("sunset:sunset", pk)
    return question(request, found, "resume", ahead(request, found))


@require_http_methods(["GET", "HEAD", "POST"])
@changing
def end(request: Request, pk: int) -> HttpResponse:
    """Ends it for good; asks first, and says what can be undone."""
    found = sunset_for(pk)
    if found.ended:
        return as_it_is(request, found, _("It had ended already."))
    if request.method == "POST":
        if services.end(found, now=request.now, by=signed_in(request)):
            messages.success(request, _("The sunset has ended. What it did stays done."))
        else:
            messages.info(request, _("It had ended already."))
        return redirect("sunset:sunset", pk)
    return question(request, found, "end", {"row": numbers_of(request, [found])[0], "parts": parts_of(found)})


def as_it_is(request: Request, found: Sunset, why: str) -> HttpResponse:
    """Back to the page of one of which this cannot be asked."""
    messages.info(request, why)
    return redirect("sunset:sunset", found.pk)


def question(request: Request, found: Sunset, what: str, more: dict[str, Any] | None = None) -> HttpResponse:
    context = {"sunset": found, "what": what, "at": request.now, **(more or {})}
    return page(request, "sunset/question.html", context, part="question")
