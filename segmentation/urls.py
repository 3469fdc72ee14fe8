"""Segments and saved criteria."""

from django.urls import path

from segmentation import saved_urls
from segmentation.builder import urls as builder_urls
from segmentation.views import (
    create,
    edit,
    from_contacts,
    history,
    lists,
    segment,
    several,
    snapshot,
    templates,
    uploads,
)

app_name = "segmentation"
urlpatterns = [
    path("segments/", lists.ready, name="ready"),
    path("segments/in-creation/", lists.in_creation, name="in_creation"),
    path("segments/archive/", lists.archive, name="archive"),
    path("segments/search/", lists.search, name="search"),
    path("segments/ready-made/", templates.templates, name="templates"),
    path("segments/ready-made/<slug:key>/", templates.counts, name="template_counts"),
    path("segments/delete/", several.delete, name="delete_several"),
    path("segments/copy/", several.copy, name="copy_several"),
    path("segments/create/", create.create, name="create"),
    path("segments/create/note/", create.note, name="note"),
    path("segments/files/<int:pk>/", uploads.upload, name="upload"),
    path("segments/files/<int:pk>/rejected/", uploads.rejects, name="rejects"),
    path("segments/<int:pk>/", segment.preview, name="preview"),
    path("segments/<int:pk>/progress/", lists.progress, name="progress"),
    path("segments/<int:pk>/copy/", segment.copy, name="copy"),
    path("segments/<int:pk>/settings/", edit.settings, name="settings"),
    path("segments/<int:pk>/criteria/", edit.criteria, name="criteria_edit"),
    path("segments/<int:pk>/refresh/", segment.refresh, name="refresh"),
    path("segments/<int:pk>/cancel/", segment.cancel, name="cancel"),
    path("segments/<int:pk>/delete/", segment.delete, name="delete"),
    path("segments/<int:pk>/history/", history.history, name="history"),
    path("segments/<int:pk>/history/<int:calculation>/", history.step, name="step"),
    path("segments/<int:pk>/freeze/", snapshot.freeze, name="freeze"),
    path("contacts/filter/", from_contacts.contact_filter, name="contact_filter"),
    path("contacts/segment/", from_contacts.from_contacts, name="from_contacts"),
    *builder_urls.urlpatterns,
    *saved_urls.urlpatterns,
]
